"""An embedded server for the TF Serving wire API, its client, and configuration for the real server."""
