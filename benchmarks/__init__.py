"""What measures the desk: speed, scale, and whether it keeps its promises under work."""
