//! Made images with a known lesion.
