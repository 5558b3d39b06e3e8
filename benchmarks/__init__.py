"""What Dormouse costs beside the least that anybody could do; `make bench` measures it."""
