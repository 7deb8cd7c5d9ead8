"""Shows the state to hosts: views, explanations, snapshots."""
