package mediabench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"time"
)

// ErrUnsupported tells that this system lacks what a measurement needs: it is made on Linux.
var ErrUnsupported = errors.New("media can be measured on Linux only")

// ErrConfig tells that a measurement was asked for that cannot be made.
var ErrConfig = errors.New("cannot be measured")

// Counts are what a subject has done since it started.
type Counts struct {
	Sent     uint64 // RTP packets handed to the socket
	Received uint64 // RTP packets taken from publishers
}

// Subject is a server under measurement, in a process of its own.
type Subject struct {
	// Ready is told to the parent first: where to join.
	Ready Ready
	// Count reads the counters.
	Count func() (Counts, error)
	// Start and Stop, of the floor only, begin and end its sending; nil: the subject needs a publisher.
	Start func(Pattern) error
	Stop  func()
}

// Ready tells where the load reaches a subject.
type Ready struct {
	URL    string `json:"url,omitempty"`    // of HTTP, with a slash at its end
	KeyID  string `json:"keyId,omitempty"`  // of the key that signs tokens
	Secret string `json:"secret,omitempty"` // that key
}

// Pattern is what the floor sends.
type Pattern struct {
	To     []string      `json:"to"`     // host:port of each viewer
	Frame  int           `json:"frame"`  // packets to one viewer at a time
	Size   int           `json:"size"`   // bytes of an RTP packet
	Period time.Duration `json:"period"` // from one frame to the next
}

// command is one line from the parent. The answer is one line too: a Sample, or an object with err.
type command struct {
	Do      string  `json:"do"` // sample, start, stop, profile or profiled
	Pattern Pattern `json:"pattern,omitzero"`
	File    string  `json:"file,omitempty"`
}

// sample is what a child tells of itself. What counting itself costs lies between Before and After.
type sample struct {
	Counts
	Before, After usage
	Err           string `json:"err,omitempty"`
}

type usage struct {
	CPU     int64  // nanoseconds, user and system
	Mallocs uint64 // objects
}

func measureUsage() (usage, error) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	cpu, err := processTime()
	return usage{CPU: cpu, Mallocs: m.Mallocs}, err
}

// Attend answers the parent's commands until in or ctx ends. It returns nil at the end of in.
func Attend(ctx context.Context, in io.Reader, out io.Writer, s Subject) error {
	encoder := json.NewEncoder(out)
	if err := encoder.Encode(s.Ready); err != nil {
		return fmt.Errorf("tell the parent: %w", err)
	}
	commands := make(chan command)
	ended := make(chan error, 1)
	go func() {
		decoder := json.NewDecoder(in)
		for {
			var c command
			if err := decoder.Decode(&c); err != nil {
				ended <- err
				return
			}
			select {
			case commands <- c:
			case <-ctx.Done():
				return
			}
		}
	}()
	a := attendant{subject: s}
	defer a.end()
	for {
		select {
		case c := <-commands:
			if err := encoder.Encode(a.do(c)); err != nil {
				return fmt.Errorf("tell the parent: %w", err)
			}
		case err := <-ended:
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("read the parent's commands: %w", err)
		case <-ctx.Done():
			return nil
		}
	}
}

// attendant carries out commands.
type attendant struct {
	subject Subject
	profile *os.File
}

func (a *attendant) do(c command) (s sample) {
	err := errors.ErrUnsupported
	switch {
	case c.Do == "sample":
		s, err = a.sample()
	case c.Do == "start" && a.subject.Start != nil:
		err = a.subject.Start(c.Pattern)
	case c.Do == "stop" && a.subject.Stop != nil:
		a.subject.Stop()
		err = nil
	case c.Do == "profile":
		err = a.startProfile(c.File)
	case c.Do == "profiled":
		err = a.end()
	}
	if err != nil {
		s.Err = err.Error()
	}
	return s
}

func (a *attendant) sample() (s sample, err error) {
	if s.Before, err = measureUsage(); err != nil {
		return s, err
	}
	if s.Counts, err = a.subject.Count(); err != nil {
		return s, err
	}
	s.After, err = measureUsage()
	return s, err
}

// startProfile begins a CPU profile. What was allocated until then goes to a file of its own, to be taken off from what is at the end.
func (a *attendant) startProfile(file string) (err error) {
	if err := writeAllocations(file + ".allocs-before"); err != nil {
		return err
	}
	if a.profile, err = os.Create(file); err != nil {
		return err
	}
	return pprof.StartCPUProfile(a.profile)
}

// end writes the profile that runs, if one does, and what was allocated.
func (a *attendant) end() error {
	if a.profile == nil {
		return nil
	}
	pprof.StopCPUProfile()
	err := errors.Join(a.profile.Close(), writeAllocations(a.profile.Name()+".allocs"))
	a.profile = nil
	return err
}

func writeAllocations(file string) error {
	runtime.GC() // the profile tells what was known at the end of a collection
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}
