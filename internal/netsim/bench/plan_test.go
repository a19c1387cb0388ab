package bench

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The number of workers, and with it the order of the runs, changes nothing.
func TestPlanRepeats(t *testing.T) {
	cases := RFC8867()[:3]
	for i := range cases {
		cases[i].Duration = 20 * sec
	}
	cases[2].Seed = 7
	done := 0
	plan := Plan{Cases: cases, Seeds: 3, Workers: 1, Done: func(n, of int) {
		if done++; n != done || of != 9 {
			t.Errorf("%d of %d, want %d of 9", n, of, done)
		}
	}}
	alone := plan.Run()
	plan.Workers, plan.Done = 4, nil
	if many := plan.Run(); !reflect.DeepEqual(alone, many) {
		t.Errorf("%+v\n%+v", alone, many)
	}
	if !slices.Equal(alone[0].Seeds, []uint64{1, 2, 3}) || !slices.Equal(alone[2].Seeds, []uint64{7, 8, 9}) {
		t.Errorf("seeds %v and %v", alone[0].Seeds, alone[2].Seeds)
	}
	if alone[2].Runs[1] != Run(cases[2], 8) {
		t.Error("a run is not that of its seed")
	}
}

func TestSelect(t *testing.T) {
	for word, want := range map[string]string{
		"5.1": "5.1", "5.6": "5.6-reno-300ms 5.6-reno-1s 5.6-cubic-300ms", "5.6-*": "5.6-reno-300ms 5.6-reno-1s 5.6-cubic-300ms",
		"5.[23]": "5.2 5.3", "policer": "policer",
	} {
		got, err := Select(RFC8867(), word)
		var names []string
		for _, c := range got {
			names = append(names, c.Name)
		}
		if err != nil || strings.Join(names, " ") != want {
			t.Errorf("%s: %v, %v, want %s", word, names, err, want)
		}
	}
	for _, word := range []string{"", "5", "6.1", "["} {
		if got, err := Select(RFC8867(), word); err == nil || !strings.Contains(err.Error(), "5.6-reno-1s") {
			t.Errorf("%q: %d cases, %v", word, len(got), err)
		}
	}
}

// Names are unique, can be typed, and a case without a title cannot be told from others.
func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range RFC8867() {
		if seen[c.Name] || strings.ContainsAny(c.Name, " ,*?[") || c.Title == "" {
			t.Errorf("%q: %q", c.Name, c.Title)
		}
		seen[c.Name] = true
	}
}
