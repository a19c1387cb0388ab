package casefile

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/netsim/bench"
)

// What is printed of the cases that are built in reads as the same cases.
func TestBuiltInCasesRoundTrip(t *testing.T) {
	var text strings.Builder
	if err := Print(&text, bench.RFC8867()); err != nil {
		t.Fatal(err)
	}
	got, err := Load("x", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range bench.RFC8867() {
		want.Open, want.Reached = false, bench.Levels{}
		// An empty list of one kind is as good as of another.
		if g := got[i]; !reflect.DeepEqual(g, want) {
			t.Errorf("%s:\n%+v, want\n%+v", want.Name, g, want)
		}
		if bench.Run(shortened(got[i]), 1) != bench.Run(shortened(want), 1) {
			t.Errorf("%s runs otherwise", want.Name)
		}
	}
}

func shortened(c bench.Case) bench.Case {
	c.Duration = min(c.Duration, 2*time.Second)
	return c
}

// The samples run and reach the levels that they name.
func TestSamples(t *testing.T) {
	files, err := filepath.Glob("../../../testdata/rfc8867/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		cases, err := Load(filepath.Base(file), text)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range (bench.Plan{Cases: cases, Seeds: 1}).Run() {
			if o.Broken() {
				t.Errorf("%s, %s: %+v", file, o.Case.Name, o.Median())
			}
			if r := o.Median(); r.Util < 0.3 || r.P99 == 0 {
				t.Errorf("%s, %s: %+v", file, o.Case.Name, r)
			}
		}
	}
}

const minimal = "name: x\nduration: 10s\nflows: [{}]\n"

func TestDefaults(t *testing.T) {
	cases, err := Load("x", []byte(minimal+"forward: {capacity: [{from: 0s, rate: 1 Mbit/s}, {from: 5s, rate: 2.5 Mbit/s}, {from: 6s, rate: 0.6Mbps}]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	c := cases[0]
	if len(c.Flows) != 1 || !reflect.DeepEqual(c.Flows[0], bench.Flow{}) || c.Seed != 0 || c.Levels != (bench.Levels{}) {
		t.Errorf("%+v", c)
	}
	if c.Forward.Reference != 2_500_000 || len(c.Forward.Rate) != 3 || c.Forward.Rate[2].Rate != 600_000 || c.Back.Rate != nil {
		t.Errorf("%+v", c.Forward)
	}
}

func TestWhatIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "f.yml has no case in it",
		"a: [":                               "f.yml is not YAML: ",
		"- x":                                `line 1: a case is written as keys with values, not as a list`,
		"duration: 5s\nflows: [{}]":          "line 1: the case has no name",
		"name: x\nflows: [{}]":               "line 1: the case has no duration",
		"name: x\nduration: 5s":              "line 1: the case has no flows",
		"name: a b\nduration: 5s":            `line 1: "a b" is not a name`,
		minimal + "colour: red":              `line 4: a case has no key "colour", it can have name, title,`,
		minimal + "seed: 0":                  "line 4: 0 is not possible, it can be from 1 to",
		minimal + "seed: 1.5":                "line 4: a whole number is wanted, not \"1.5\"",
		minimal + "name: y":                  "line 4: name is there twice, keep one",
		minimal + "seed: &a 1\ntcp: *a":      "line 5: references (*a) are not followed",
		minimal + "---\n" + minimal:          "line 5: there is a case x already",
		"name: x\nduration: 5\nflows: [{}]":  `line 2: a time with its unit, as in 50ms or 1.5s, is wanted, not "5"`,
		"name: x\nduration: 2h\nflows: [{}]": "line 2: 2h0m0s is not possible, it can be from 1s to 1h0m0s",
		"name: x\nduration: 5s\nflows: []":   "line 1: the list of flows is empty, one is needed",
		"name: x\nduration: 5s\nflows: {}":   "line 3: flows is a list, not keys with values",
		"name: x\nduration: 5s\nflows:\n  - {start: 5s}":                                "line 1: flow 1 starts at 5s, when the case is over",
		"name: x\nduration: 5s\nflows:\n  - {start: 2s, stop: 2s}":                      "line 4: the flow stops at 2s, before or when it starts at 2s",
		"name: x\nduration: 5s\nflows:\n  - {delay: 0s}":                                "line 4: 0s is not possible, it can be from 100µs to 10s",
		"name: x\nduration: 5s\nflows:\n  - {max: 1}":                                   `line 4: a rate with its unit, as in 1.5 Mbit/s or 300 kbit/s, is wanted, not "1"`,
		"name: x\nduration: 5s\nflows:\n  - {max: 2 Gbit/s}":                            "line 4: 2 Gbit/s is not possible, it can be from 10 kbit/s to 1000 Mbit/s",
		"name: x\nduration: 5s\nflows:\n  - {min: 2 Mbit/s}":                            "line 4: min, 2 Mbit/s, is more than max, which is 1.5 Mbit/s unless",
		"name: x\nduration: 5s\nflows:\n  - {min: 2 Mbit/s, max: 1 Mbit/s}":             "line 4: min, 2 Mbit/s, is more than max, 1 Mbit/s",
		"name: x\nduration: 5s\nflows:\n  - {layers: [2 Mbit/s, 1 Mbit/s]}":             "line 4: layers have to be in ascending order",
		"name: x\nduration: 5s\nflows:\n  - {layers: [2 Mbit/s], max: 1 Mbit/s}":        "line 4: a flow has either layers or min and max",
		"name: x\nduration: 5s\nflows:\n  - {layers: [2 Mbit/s]}\n  - {}":               "line 1: a flow with layers has to be the only one in its direction",
		"name: x\nduration: 5s\nflows:\n  - {pause: 4s}":                                "line 4: two times are wanted, as in [40s, 60s], not \"4s\"",
		"name: x\nduration: 5s\nflows:\n  - {pause: [4s, 3s]}":                          "line 4: it ends at 3s, before or when it begins at 4s",
		"name: x\nduration: 5s\nflows:\n  - {clock_ppm: 20000}":                         "line 4: 20000 is not possible, it can be from -10000 to 10000",
		"name: x\nduration: 5s\nflows:\n  - {clock_ppm: NaN}":                           "line 4: a number is wanted, not \"NaN\"",
		"name: x\nduration: 5s\nflows:\n  - {direction: up}":                            `line 4: forward or back is wanted, not "up"`,
		"name: x\nduration: 5s\nflows:\n  - {audio: maybe}":                             `line 4: true or false is wanted, not "maybe"`,
		"name: x\nduration: 1h\nflows:\n  - {max: 1 Gbit/s}":                            "line 1: the case could send 3600 Gbit in all, at most 100 are possible",
		minimal + "forward: {queue: 1s}":                                                "line 4: forward has a queue but no capacity that would fill it",
		minimal + "forward: {capacity: [{from: 1s, rate: 1 Mbit/s}]}":                   "line 4: the first step of the capacity begins at 1s, it has to be from 0s",
		minimal + "forward: {capacity: [{rate: 1 Mbit/s}, {from: 0s, rate: 1 Mbit/s}]}": "line 4: a step from 0s does not come after the one before it, from 0s",
		minimal + "forward: {capacity: [{rate: 10 bit/s}]}":                             "line 4: 10 bit/s is not possible, a capacity is at least 1 kbit/s, or 0 for none",
		minimal + "forward: {capacity: [{from: 0s}]}":                                   "line 4: a step of the capacity has no rate",
		minimal + "forward: {loss: 5}":                                                  `line 4: a share from 0 to 1 is wanted, as in 0.05 or 5 %, not "5"`,
		minimal + "forward: {loss: -1 %}":                                               `line 4: a share from 0 to 1 is wanted`,
		minimal + "forward: {loss: {enter: 5 %}}":                                       "line 4: loss in bursts needs both enter and leave",
		minimal + "forward: {policer: {rate: 1 Mbit/s}}":                                "line 4: policer needs a rate and a bucket in bytes",
		minimal + "tcp: [{}]":                                                           "line 1: TCP needs a capacity of the forward direction",
		minimal + "tcp: [{congestion: bbr}]":                                            `line 4: reno or cubic is wanted, not "bbr"`,
		minimal + "tcp: [{start: 3s, stop: 2s}]":                                        "line 4: the transfer stops at 2s, before or when it starts at 3s",
		minimal + "web: {}":                                                             "line 4: web needs the number of readers",
		minimal + "web: {readers: 1, min_bytes: 60000}":                                 "line 4: max_bytes, 50000, is less than min_bytes, 60000",
		minimal + "levels: {share_pct: 45}":                                             "line 4: two numbers are wanted, as in [45, 55], not \"45\"",
	} {
		_, err := Load("f.yml", []byte(text))
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q:\n%v, want\n%s", text, err, want)
		}
	}
}

// All that is wrong is told, but not a page of it.
func TestManyProblems(t *testing.T) {
	_, err := Load("f.yml", []byte(minimal+"a: 1\nb: 2\n"))
	if err == nil || !strings.Contains(err.Error(), "line 4") || !strings.Contains(err.Error(), "line 5") {
		t.Errorf("%v", err)
	}
	_, err = Load("f.yml", []byte(minimal+"levels: {"+strings.Repeat("a: 1, ", 50)+"}\n"))
	if err == nil || strings.Count(err.Error(), "\n") != mostProblems+1 || !strings.Contains(err.Error(), "and 30 more") {
		t.Errorf("%v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(minimal))
	sample, err := os.ReadFile("../../../testdata/rfc8867/mobile.yml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sample)
	for _, c := range bench.RFC8867() {
		var text strings.Builder
		if err := Print(&text, []bench.Case{c}); err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(text.String()))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		cases, err := Load("x", text)
		if err != nil {
			if !errors.Is(err, ErrInvalid) || len(cases) > 0 {
				t.Fatalf("%d cases, %v", len(cases), err)
			}
			return
		}
		var first, second strings.Builder
		if err := Print(&first, cases); err != nil {
			t.Fatal(err)
		}
		again, err := Load("x", []byte(first.String()))
		if err != nil {
			t.Fatalf("%v of\n%s", err, first.String())
		}
		if err := Print(&second, again); err != nil || first.String() != second.String() {
			t.Fatalf("%v\n%s\n%s", err, first.String(), second.String())
		}
		for _, c := range cases[:min(len(cases), 3)] {
			c.Duration = 100 * time.Millisecond
			if work(c) > 1e8 {
				continue // takes too long for a fuzz target
			}
			if r := bench.Run(c, 1); r.Util < 0 || r.Loss < 0 || r.Loss > 1 {
				t.Fatalf("%+v", r)
			}
		}
	})
}

// The example of the documentation can be run, and every key there is has its line in it.
func TestDocumentedExample(t *testing.T) {
	page, err := os.ReadFile("../../../docs/congestion-control.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(page), "```yaml\n")
	example, _, ok := strings.Cut(after, "```")
	cases, err := Load("example", []byte(example))
	if !ok || err != nil || len(cases) != 1 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	_, err = Load("x", []byte("zz: 1\nforward: {zz: 1, loss: {zz: 1}, policer: {zz: 1}, capacity: [{zz: 1}]}\nflows: [{zz: 1}]\ntcp: [{zz: 1}]\nweb: {zz: 1}\nlevels: {zz: 1}\n"))
	if err == nil {
		t.Fatal("unknown keys are taken")
	}
	keys := 0
	for line := range strings.Lines(err.Error()) {
		_, list, told := strings.Cut(strings.TrimSpace(line), "it can have ")
		if !told {
			continue
		}
		for key := range strings.SplitSeq(list, ", ") {
			if keys++; !strings.Contains(example, key+":") {
				t.Errorf("the example does not have %s", key)
			}
		}
	}
	if keys < 50 {
		t.Errorf("only %d keys were looked at", keys)
	}
}
