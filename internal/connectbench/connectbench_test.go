package connectbench

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSlotCount(t *testing.T) {
	for text, want := range map[string]SlotCount{"3+4": {3, 4}, "0+1": {0, 1}, "3+49": {3, 49}} {
		var s SlotCount
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want || s.String() != text {
			t.Errorf("%s is read as %v, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "3", "+", "0+0", "3+50", "-1+4", "a+b", "1+2+3"} {
		var s SlotCount
		if err := s.UnmarshalText([]byte(text)); !errors.Is(err, ErrConfig) {
			t.Errorf("%q is read as %v, %v", text, s, err)
		}
	}
}

func TestConfigIsBounded(t *testing.T) {
	usual := Config{Joins: 10, Rounds: 1, Slots: []SlotCount{{1, 1}}}
	for name, change := range map[string]func(*Config){
		"one join": func(c *Config) { c.Joins = 1 }, "too many joins": func(c *Config) { c.Joins = maxJoins + 1 },
		"no round": func(c *Config) { c.Rounds = 0 }, "too many rounds": func(c *Config) { c.Rounds = maxRounds + 1 },
		"too long": func(c *Config) { c.Media = maxMedia + time.Second }, "no slots": func(c *Config) { c.Slots = nil },
	} {
		c := usual
		if change(&c); !errors.Is(c.check(), ErrConfig) {
			t.Errorf("%s is taken", name)
		}
	}
	if err := usual.check(); err != nil {
		t.Error(err)
	}
}

func TestFigures(t *testing.T) {
	r := Result{Rows: []Row{{Slots: SlotCount{3, 4}, JoinMS: 1.25, ResidentKB: 300, Goroutines: 14}, {Slots: SlotCount{1, 1}, JoinMS: 1, ResidentKB: 200.0004}}}
	got := r.Figures()
	for key, want := range map[string]float64{
		"ms_per_join": 1.25, "ms_per_join_1_1": 1, "joins_per_second_and_core": 800, "rss_kb_per_viewer": 300, "rss_kb_per_viewer_1_1": 200,
		"goroutines_per_viewer_3_4": 14, "kb_per_slot": 20,
	} {
		if v, ok := got[key]; !ok || math.Abs(v-want) > 1e-3 {
			t.Errorf("%s is %v, want %v, among %v", key, v, want, slices.Sorted(maps.Keys(got)))
		}
	}
	var table bytes.Buffer
	if err := r.Write(&table); err != nil || !strings.Contains(table.String(), "20.0 KiB a slot") {
		t.Errorf("the table is\n%s%v", &table, err)
	}
}

func TestMedian(t *testing.T) {
	for want, joins := range map[float64][]float64{2: {3, 1, 2}, 2.5: {4, 1, 3, 2}, 7: {7}} {
		var rounds []round
		for _, j := range joins {
			rounds = append(rounds, round{join: j})
		}
		if got := median(rounds, func(r *round) float64 { return r.join }); got != want {
			t.Errorf("of %v it is %v", joins, got)
		}
	}
}

// A server answers each line, and memory only where it is asked for: collecting garbage is no part of what is measured.
func TestAttend(t *testing.T) {
	var out bytes.Buffer
	if err := Attend(strings.NewReader(askCPU+"\n"+askMemory+"\n"), &out, Ready{URL: "http://here/"}); err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(&out)
	var r Ready
	var cpu, memory Sample
	if err := errors.Join(d.Decode(&r), d.Decode(&cpu), d.Decode(&memory)); err != nil {
		t.Fatal(err)
	}
	if r.URL != "http://here/" || cpu.CPU <= 0 || cpu.Goroutines < 1 || cpu.Resident != 0 || memory.Resident <= 0 || memory.Heap <= 0 || memory.CPU < cpu.CPU {
		t.Errorf("%+v, %+v, %+v", r, cpu, memory)
	}
}

func TestProfiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "profile")
	questions := strings.Join([]string{askProfile + " " + file, askProfileEnd + " " + file, askHeap + " " + file + ".heap", askProfile + " " + file + ".open"}, "\n")
	var out bytes.Buffer
	if err := Attend(strings.NewReader(questions), &out, Ready{}); err != nil || strings.Count(out.String(), "\n") != 5 {
		t.Errorf("%v, %s", err, &out)
	}
	for _, name := range []string{file, file + ".heap", file + ".open"} {
		if s, err := os.Stat(name); err != nil || s.Size() == 0 {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
	if err := Attend(strings.NewReader(askHeap+" "+file+"/none"), io.Discard, Ready{}); err == nil {
		t.Error("a profile that cannot be written is no error")
	}
}

// A process that is no server is an error, and nothing is left of it.
func TestNoServer(t *testing.T) {
	for _, args := range [][]string{{"true"}, {"echo", "hello"}, {"a program that nobody has"}} {
		if s, err := startServer(exec.Command(args[0], args[1:]...)); !errors.Is(err, ErrServer) {
			t.Errorf("%v: %v, %v", args, s, err)
		}
	}
}
