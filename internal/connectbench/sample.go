package connectbench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
)

// Ready is what a server tells when it can be joined.
type Ready struct {
	// URL is that of its page.
	URL string `json:"url"`
	// KeyID and Secret sign the tokens that it takes.
	KeyID  string `json:"keyId"`
	Secret string `json:"secret"`
}

// Sample is what a server has used until now, and what it uses.
type Sample struct {
	// CPU is its CPU time, of user and system, in seconds.
	CPU float64 `json:"cpu"`
	// Resident is its resident memory in bytes, and Heap and Stacks what Go's heap and stacks have of it, all three after its garbage
	// was collected and given back; 0 where that was not asked for.
	Resident int64 `json:"resident"`
	Heap     int64 `json:"heap"`
	Stacks   int64 `json:"stacks"`
	// Goroutines is how many there are.
	Goroutines int `json:"goroutines"`
}

// The questions of Run. Those of profiles are followed by a space and the name of a file.
const (
	askCPU        = "cpu"
	askMemory     = "memory"
	askProfile    = "profile"  // of CPU time, from now on
	askProfileEnd = "profiled" // until now
	askHeap       = "heap"     // what is in use
)

// Attend is the server's side: it writes ready to out and answers each question from in by a Sample, until in ends.
func Attend(in io.Reader, out io.Writer, ready Ready) error {
	encoder := json.NewEncoder(out)
	if err := encoder.Encode(ready); err != nil {
		return fmt.Errorf("tell that the server is ready: %w", err)
	}
	questions := bufio.NewScanner(in)
	var profile profiler
	defer profile.end()
	for questions.Scan() {
		question, file, _ := strings.Cut(questions.Text(), " ")
		if err := profile.do(question, file); err != nil {
			return err
		}
		s, err := take(question == askMemory)
		if err != nil {
			return err
		}
		if err := encoder.Encode(s); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
	}
	return questions.Err()
}

// take measures this process. CPU time is read first: collecting garbage costs some.
func take(memory bool) (Sample, error) {
	cpu, err := cpuSeconds()
	if err != nil {
		return Sample{}, err
	}
	s := Sample{CPU: cpu, Goroutines: runtime.NumGoroutine()}
	if !memory {
		return s, nil
	}
	runtime.GC() // what a pool gave up is freed by the second one only
	debug.FreeOSMemory()
	read := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(read)
	s.Heap, s.Stacks = int64(read[0].Value.Uint64()), int64(read[1].Value.Uint64())
	s.Resident, err = residentBytes()
	return s, err
}
