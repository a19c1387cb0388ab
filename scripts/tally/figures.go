package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// figure is what a test measured against a goal. Tests log it as one line of JSON.
type figure struct {
	ID    string `json:"id"`
	What  string `json:"what"`
	Goal  string `json:"goal"`
	Value string `json:"value"`
	Pass  bool   `json:"pass"`
}

// readFigure takes a figure from a line that a test has logged, behind the place that logged it.
func readFigure(line string) (f figure, ok bool) {
	start := strings.Index(line, `{"id":`)
	if start < 0 || json.Unmarshal([]byte(line[start:]), &f) != nil {
		return f, false
	}
	return f, f.ID != "" && f.What != "" && f.Goal != "" && f.Value != ""
}

// table has a line for each figure, by id, in the order in which they came. A figure that misses its goal is marked.
func table(figures []figure) string {
	figures = slices.Clone(figures)
	slices.SortStableFunc(figures, func(a, b figure) int { return strings.Compare(a.ID, b.ID) })
	rows := [][4]string{{"id", "what", "goal", "value"}}
	for _, f := range figures {
		value := f.Value
		if !f.Pass {
			value += "  MISSED"
		}
		rows = append(rows, [4]string{f.ID, f.What, f.Goal, value})
	}
	var width [3]int
	for _, r := range rows {
		for i := range width {
			width[i] = max(width[i], utf8.RuneCountInString(r[i]))
		}
	}
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "    %-*s  %-*s  %-*s  %s\n", width[0], r[0], width[1], r[1], width[2], r[2], r[3])
	}
	return b.String()
}
