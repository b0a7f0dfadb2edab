"""The small package behind *Wasserstein GANs, Measured*."""
