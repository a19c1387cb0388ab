package config

import "strings"

// suggest returns "; did you mean X?" for the known name that is nearest to name, or "; known are A, B" when none is
// near.
func suggest(name string, known []string) string {
	if best, ok := nearest(name, known); ok {
		return `; did you mean "` + best + `"?`
	}
	return "; known are " + strings.Join(known, ", ")
}

// nearest finds the known name that differs in case only, in at most a third of its letters, or in what stands before
// its last dot.
func nearest(name string, known []string) (string, bool) {
	best, least := "", len(name)/3+1
	for _, k := range known {
		if strings.EqualFold(tail(k), tail(name)) {
			return k, true
		}
		if d := distance(strings.ToLower(name), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	return best, best != ""
}

func tail(key string) string {
	return key[strings.LastIndexByte(key, '.')+1:]
}

// distance is the number of bytes to insert, delete, replace or swap with a neighbour that turns a into b.
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
