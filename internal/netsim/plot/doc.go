// Package plot draws what happened in a run of the bench as SVG: for each direction of the bottleneck the capacity with
// what each flow was allowed and what it sent, and the queue below.
//
//	bench.Trace --- thin.go (at most 240 points a line) ---> svg.go ---> file
//
// It draws lines and little else: a plotting library would add 9 MB and the modules of four hosts to the server's binary,
// and its files are three times as large.
//
// The package must not know how a case is run.
package plot
