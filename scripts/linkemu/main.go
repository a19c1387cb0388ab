package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	address := flag.String("listen", "", "UDP address for the browser")
	server := flag.String("server", "", "UDP address of the server")
	title := flag.String("plot", "", "draw the samples on standard input instead, under this title")
	flag.Parse()
	if err := do(*address, *server, *title); err != nil {
		fmt.Fprintln(os.Stderr, "linkemu:", err)
		os.Exit(1)
	}
}

func do(address, server, title string) error {
	if title != "" {
		return draw(os.Stdout, os.Stdin, title)
	}
	f, err := listen(address, server, os.Stdout)
	if err != nil {
		return err
	}
	orders := make(chan order)
	go readOrders(os.Stdin, orders)
	f.print(map[string]bool{"ready": true})
	f.run(orders)
	return nil
}

// readOrders passes orders on, and ends them with the input. What is no order is told and left out.
func readOrders(in io.Reader, orders chan<- order) {
	defer close(orders)
	for lines := bufio.NewScanner(in); lines.Scan(); {
		o, err := readOrder(lines.Bytes())
		if err != nil {
			fmt.Fprintln(os.Stderr, "linkemu:", err)
			continue
		}
		orders <- o
	}
}
