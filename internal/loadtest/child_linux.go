package loadtest

import "syscall"

// childAttributes keep Ctrl-C away from the server, which is stopped after the participants have left, and end it with us in any case.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
