package codec

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/pion/rtp"
)

// recordedSeeds returns the first packets of media of each recording of a codec in testdata/rtp: "vp9". In all of those the
// dependency descriptor has the id 14.
func recordedSeeds(t testing.TB, name string) []*rtp.Packet {
	t.Helper()
	names, err := filepath.Glob("../../../testdata/rtp/*-" + name + "-*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("no recordings of %s: %v", name, err)
	}
	var seeds []*rtp.Packet
	for _, name := range names {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		var format string
		count := 0
		for lines := bufio.NewScanner(file); lines.Scan() && count < 8; {
			fields := strings.Fields(lines.Text())
			if fields[0] == "payload" {
				format = fields[1]
			}
			if fields[0] != "packet" {
				continue
			}
			p := new(rtp.Packet)
			if err := p.Unmarshal(unhex(fields[2])); err != nil {
				t.Fatal(err)
			}
			if strconv.Itoa(int(p.PayloadType)) == format && len(p.Payload) > 0 {
				p.Payload = p.Payload[:min(len(p.Payload), 200)]
				seeds = append(seeds, p)
				count++
			}
		}
		file.Close()
	}
	return seeds
}
