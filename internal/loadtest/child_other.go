//go:build !linux

package loadtest

import "syscall"

// childAttributes leave everything as it is.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
