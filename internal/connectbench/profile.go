package connectbench

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
)

// profiler writes the profiles of a server.
type profiler struct{ cpu *os.File }

// do does what a question asks for, if it is one of a profile.
func (p *profiler) do(question, file string) (err error) {
	switch question {
	case askProfile:
		if p.cpu, err = os.Create(file); err != nil {
			return fmt.Errorf("profile: %w", err)
		}
		return pprof.StartCPUProfile(p.cpu)
	case askProfileEnd:
		return p.end()
	case askHeap:
		for range 3 { // what pools and clean-ups held is freed by the second, and the profile tells what was known at the end of the one before
			runtime.GC()
		}
		f, err := os.Create(file)
		if err != nil {
			return fmt.Errorf("profile: %w", err)
		}
		return errors.Join(pprof.Lookup("heap").WriteTo(f, 0), f.Close())
	}
	return nil
}

// end ends the profile that runs, if one does.
func (p *profiler) end() error {
	if p.cpu == nil {
		return nil
	}
	pprof.StopCPUProfile()
	err := p.cpu.Close()
	p.cpu = nil
	return err
}

// profile asks a server for a profile, if there are to be some: question is one of its, suffix is of the file.
func (s *server) profile(file, question, suffix string) error {
	if file == "" {
		return nil
	}
	_, err := s.sample(question + " " + file + suffix)
	return err
}
