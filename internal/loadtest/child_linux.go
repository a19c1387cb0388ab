package loadtest

import "syscall"

// childAttributes keep Ctrl-C away from the server, which is stopped after the participants have left, and end it with us in any case.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// groupAttributes keep Ctrl-C away from the script that drives browsers. It ends them and itself when its input ends, so also with us.
func groupAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
