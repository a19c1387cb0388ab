package udpio

import (
	"errors"
	"net"
	"syscall"
)

// reasonOf is the reason of a drop for an error of package net or of the system.
func reasonOf(err error) string {
	if errors.Is(err, net.ErrClosed) {
		return dropClosed
	}
	return systemReason(err)
}

// systemReason is the reason of a drop for an error of the system.
func systemReason(err error) string {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return dropSend
	}
	switch errno {
	case syscall.EAGAIN:
		return dropBuffer
	case syscall.ENOBUFS, syscall.ENOMEM:
		return dropMemory
	case syscall.EMSGSIZE:
		return dropSize
	case syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.EPERM, syscall.EACCES, syscall.EADDRNOTAVAIL:
		return dropUnreachable
	}
	return dropSend
}
