// Package casefile reads and writes cases of the bench as YAML, so that networks can be tried that nobody here thought of.
//
//	file --- yaml ---> nodes --- read.go, case.go ---> check.go ---> []bench.Case
//	bench.Case --- print.go ---> file
//
// A file holds one case, or several with --- between them. What is unknown or impossible is refused in a sentence with the
// file and the line; all that is wrong is told at once. docs/congestion-control.md describes the format.
//
// The package must not know how a case is run.
package casefile
