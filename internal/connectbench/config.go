package connectbench

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// ErrConfig tells that a value of Config cannot be used.
var ErrConfig = errors.New("cannot be measured")

// Bounds of Config.
const (
	maxJoins  = 2000
	maxRounds = 20
	maxMedia  = time.Minute
)

// Config says what is measured.
type Config struct {
	// Launch makes the command of a process that calls Attend with a server of its own.
	Launch func(ctx context.Context) (*exec.Cmd, error)
	// Joins is how many participants join in each phase of a round, 2 to 2,000. With many slots the second phase takes fewer.
	Joins int
	// Slots are the slot counts, each measured by itself. The first one is what the figures without a suffix are of.
	Slots []SlotCount
	// Rounds is how many servers are measured for each slot count, 1 to 20.
	Rounds int
	// Media is for how long every slot receives before memory is measured, up to a minute.
	Media time.Duration
	// Profile is the file for profiles of the first round of each slot count, with the slot count as its suffix (".3+4"): of CPU time while
	// participants join; with ".heap", of the memory in use when all viewers are there, and with ".heap-before", before they come. Empty: none.
	Profile string
	// Progress is told what is going on; nil: nobody is.
	Progress func(format string, args ...any)
}

func (c *Config) check() error {
	switch {
	case c.Joins < 2 || c.Joins > maxJoins:
		return fmt.Errorf("%w: %d joins, it must be 2 to %d", ErrConfig, c.Joins, maxJoins)
	case c.Rounds < 1 || c.Rounds > maxRounds:
		return fmt.Errorf("%w: %d rounds, it must be 1 to %d", ErrConfig, c.Rounds, maxRounds)
	case c.Media < 0 || c.Media > maxMedia:
		return fmt.Errorf("%w: media for %v, it must be 0s to %v", ErrConfig, c.Media, maxMedia)
	case len(c.Slots) == 0:
		return fmt.Errorf("%w: no slot count is given", ErrConfig)
	}
	if c.Progress == nil {
		c.Progress = func(string, ...any) {}
	}
	return nil
}

// SlotCount is how many slots a viewer has.
type SlotCount struct{ Audio, Video int }

// maxSlots is what the server takes for one participant, of each kind.
const maxSlots = 49

// UnmarshalText reads "3+4": slots for audio, and for video.
func (s *SlotCount) UnmarshalText(text []byte) error {
	audio, video, found := strings.Cut(string(text), "+")
	a, errA := strconv.Atoi(audio)
	v, errV := strconv.Atoi(video)
	if !found || errA != nil || errV != nil || a < 0 || v < 0 || a > maxSlots || v > maxSlots || a+v == 0 {
		return fmt.Errorf("%w: %q; write slots for audio and for video as 3+4, each 0 to %d", ErrConfig, text, maxSlots)
	}
	s.Audio, s.Video = a, v
	return nil
}

// String returns what UnmarshalText reads.
func (s SlotCount) String() string { return fmt.Sprintf("%d+%d", s.Audio, s.Video) }

func (s SlotCount) sum() int { return s.Audio + s.Video }

// viewers is how many of the joins the second phase takes: all that is sent to them must not be more than a machine can do.
func (s SlotCount) viewers(joins int) int { return max(min(joins, 600/s.sum()), 2) }
