package main

// benchCmd groups the measurements.
type benchCmd struct {
	Connect benchConnectCmd `cmd:"" help:"Measure what a connection costs: CPU time of a join, memory and goroutines of a viewer."`
	Node    benchNodeCmd    `cmd:"" hidden:"" help:"Be the server of bench connect."`
}
