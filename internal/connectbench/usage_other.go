//go:build !linux

package connectbench

import "errors"

// errSystem tells that this system does not say what a process uses, or not as Linux does.
var errSystem = errors.New("what a connection costs can be measured on Linux only")

func cpuSeconds() (float64, error) { return 0, errSystem }

func residentBytes() (int64, error) { return 0, errSystem }
