package main

import (
	"errors"
	"net"
	"strconv"
	"strings"
	"syscall"

	"github.com/heliograph/heliograph/internal/config"
	"github.com/heliograph/heliograph/pkg/sfu"
)

// listenHTTP opens the port of HTTP, or the operator's; flag is the one that sets it. Its errors say what to do.
func listenHTTP(what, flag, addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	var name *net.DNSError
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, usagef("%s address %s is taken by another program, stop it or choose another with "+
			"%s %s", what, addr, flag, nextPort(addr))
	case errors.Is(err, syscall.EACCES):
		return nil, usagef("this user may not listen on %s, choose a port above 1023 with %s", addr, flag)
	case errors.Is(err, syscall.EADDRNOTAVAIL), errors.As(err, &name):
		return nil, usagef("%s is no address of this machine, use 127.0.0.1, or an empty host for every address, in "+
			"%s", addr, flag)
	}
	return nil, usagef("cannot listen on %s: %v, choose another address with %s", addr, err, flag)
}

// nextPort is the same address with the port behind it.
func nextPort(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	n, errPort := strconv.Atoi(port)
	if err != nil || errPort != nil || n >= 65535 {
		return "127.0.0.1:8081"
	}
	return net.JoinHostPort(host, strconv.Itoa(n+1))
}

// mediaError makes the error of sfu.New one that says what to do.
func mediaError(cfg config.Config, err error) error {
	network, port := "udp", cfg.UDPPort
	var op *net.OpError
	if errors.As(err, &op) && strings.HasPrefix(op.Net, "tcp") {
		network, port = "tcp", cfg.TCPPort
	}
	switch {
	case errors.Is(err, sfu.ErrPortTaken):
		return usagef("%s port %d is taken by another program, stop it or choose another with --%s-port %d",
			strings.ToUpper(network), port, network, port%65535+1)
	case errors.Is(err, sfu.ErrConfig):
		return usagef("%v", err)
	case errors.Is(err, syscall.EACCES):
		return usagef("this user may not open %s port %d, choose one above 1023 with --%s-port", strings.ToUpper(network), port, network)
	}
	return err
}
