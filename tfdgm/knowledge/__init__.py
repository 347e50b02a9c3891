"""Domain knowledge: rules in soft logic over what a batch shows and the label that it may have."""
