// Package localhost tells requests of this machine from those of the network: what may be had without a token or a password
// hangs on it, so there is one answer for all.
//
// It must not know what is asked for.
package localhost
