"""Plain values and pure rules: what Dormouse talks about, without framework, I/O or clock."""
