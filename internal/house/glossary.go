package house

import (
	"strings"
	"unicode"
)

// Banned is a word that is no name for anything of ours, with the word to use instead.
type Banned struct {
	Word    string
	Instead string
}

// banned lists the words that other media servers use for what has another name here. One word, one thing: who searches
// for "participant" must find all of it.
var banned = []Banned{
	{"peer", "Participant, or Transport for its ICE and DTLS association"},
	{"client", "Participant; a client is only the software that somebody runs"},
	{"user", "Participant"},
	{"endpoint", "Participant or Transport"},
	{"connection", "Session for signaling, Transport for media"},
	{"conference", "Room"},
	{"group", "Room"},
	{"uptrack", "Publication"},
	{"downtrack", "Subscription, or Forwarder for its state"},
	{"producer", "Publication"},
	{"consumer", "Subscription"},
	{"stream", "Publication or Encoding"},
	{"quality", "Layer"},
	{"substream", "Layer or Encoding"},
	{"munger", "Outbound"},
	{"sequencer", "Outbound"},
	{"pipe", "Relay"},
	{"bridge", "Relay"},
	{"bwe", "Estimator, Prober, Pacer or Allocator"},
}

// FindBanned returns the first banned word of a name, which may be written ThisWay, this_way, this-way or this.way.
// A plural counts as its singular.
func FindBanned(name string) (Banned, bool) {
	for _, word := range Words(name) {
		for _, b := range banned {
			if word == b.Word || word == b.Word+"s" {
				return b, true
			}
		}
	}
	return Banned{}, false
}

// Words splits a name into its words in lower case: "ICEServerURLs" into ice, server, urls.
func Words(name string) []string {
	var words []string
	runes := []rune(name)
	start := 0
	cut := func(end int) {
		if end > start {
			words = append(words, strings.ToLower(string(runes[start:end])))
		}
		start = end
	}
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			cut(i)
			start = i + 1
		case i == 0 || !unicode.IsUpper(r):
		case !unicode.IsUpper(runes[i-1]):
			cut(i) // aB
		case i+1 < len(runes) && unicode.IsLower(runes[i+1]) && !isPluralEnd(runes, i+1):
			cut(i) // ABc, but not the s of URLs
		}
	}
	cut(len(runes))
	return words
}

// isPluralEnd tells whether the rune at i is an s after capitals that ends a word, as in URLs or IDsByName.
func isPluralEnd(runes []rune, i int) bool {
	return runes[i] == 's' && (i+1 == len(runes) || !unicode.IsLower(runes[i+1]))
}
