package config

import (
	"errors"
	"fmt"
)

// ErrInvalid is wrapped by every error of this package: the configuration cannot be used as it is. The text of the
// error is one sentence that says where and what to do.
var ErrInvalid = errors.New("configuration")

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}
