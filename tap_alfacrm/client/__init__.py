"""One page from the API: authentication, rate limit, retries and prefetching."""
