package bench

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// verdict says how an outcome stands to the levels of its case.
func (o Outcome) verdict() (pass bool, misses []string) {
	misses = o.Case.Levels.Misses(o.Median())
	return len(misses) == 0, misses
}

// Broken tells whether an outcome of ours misses levels that it should reach.
func (o Outcome) Broken() bool {
	pass, _ := o.verdict()
	return !pass && !o.Case.Open && o.Algo == Ours
}

// WriteTable writes outcomes as a Markdown table, and below it what else has to be known of them.
func WriteTable(w io.Writer, outcomes []Outcome) error {
	titles := []string{"case", "", "algo"}
	for _, m := range metrics() {
		if m.title != "" {
			titles = append(titles, m.title)
		}
	}
	titles = append(titles, "level", "result")
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(titles, " | "), strings.Repeat("---|", len(titles)))
	for i, o := range outcomes {
		cells := o.cells()
		if i > 0 && outcomes[i-1].Case.Name == o.Case.Name { // what both have is said once
			cells[1], cells[len(cells)-2] = "", ""
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
	}
	for _, note := range notes(outcomes) {
		fmt.Fprintf(&b, "\n%s\n", note)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (o Outcome) cells() []string {
	cells, median := []string{o.Case.Name, o.Case.Title, o.Algo}, o.Median()
	for _, m := range metrics() {
		if m.title != "" {
			cells = append(cells, m.text(o.Case, median))
		}
	}
	result := "pass"
	switch pass, misses := o.verdict(); {
	case o.Case.Levels == Levels{}:
		result = "-"
	case !pass && o.Case.Open && o.Algo == Ours:
		result = "open: " + strings.Join(misses, "; ")
	case !pass:
		result = "fail: " + strings.Join(misses, "; ")
	}
	return append(cells, orElse(o.Case.Levels.String(), "-"), result)
}

// notes returns each note once.
func notes(outcomes []Outcome) []string {
	var all []string
	last := ""
	for _, o := range outcomes {
		if o.Note != "" && o.Note != last {
			all, last = append(all, o.Note), o.Note
		}
	}
	return all
}

// WriteJSON writes one object per outcome and line. Metrics that a case does not have are null, and so is pass where it
// has no levels.
func WriteJSON(w io.Writer, outcomes []Outcome) error {
	for _, o := range outcomes {
		if _, err := io.WriteString(w, o.json()+"\n"); err != nil {
			return err
		}
	}
	return nil
}

func (o Outcome) json() string {
	quote := func(v any) string {
		var text strings.Builder
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(v); err != nil {
			panic(err) // texts and lists have no values that JSON does not know
		}
		return strings.TrimSuffix(text.String(), "\n")
	}
	fields := []string{`"case":` + quote(o.Case.Name), `"algo":` + quote(o.Algo)}
	median := o.Median()
	for _, m := range metrics() {
		fields = append(fields, quote(m.key)+":"+m.exact(o.Case, median, "null"))
	}
	pass, misses := o.verdict()
	passes := strconv.FormatBool(pass)
	if o.Case.Levels == (Levels{}) {
		passes = "null"
	}
	fields = append(fields, `"pass":`+passes, `"misses":`+quote(append([]string{}, misses...)), `"open":`+strconv.FormatBool(o.Case.Open),
		`"level":`+quote(o.Case.Levels.String()), `"title":`+quote(o.Case.Title), `"seeds":`+quote(o.Seeds))
	if o.Note != "" {
		fields = append(fields, `"note":`+quote(o.Note))
	}
	return "{" + strings.Join(fields, ",") + "}"
}

// WriteCSV writes a row for each case, algorithm and seed. Metrics that a case does not have are empty.
func WriteCSV(w io.Writer, outcomes []Outcome) error {
	out := csv.NewWriter(w)
	head := []string{"case", "algo", "seed"}
	for _, m := range metrics() {
		head = append(head, m.key)
	}
	rows := [][]string{head}
	for _, o := range outcomes {
		for i, r := range o.Runs {
			row := []string{o.Case.Name, o.Algo, strconv.FormatUint(o.Seeds[i], 10)}
			for _, m := range metrics() {
				row = append(row, m.exact(o.Case, r, ""))
			}
			rows = append(rows, row)
		}
	}
	return out.WriteAll(rows)
}
