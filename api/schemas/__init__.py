"""The shapes of requests and answers, where they are not the domain's own."""
