"""What steers the meta-sampler."""
