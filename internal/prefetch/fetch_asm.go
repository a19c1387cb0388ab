//go:build amd64 || arm64

package prefetch

// fetch asks for the lines of n places.
//
//go:noescape
func fetch(places *uintptr, n int)
