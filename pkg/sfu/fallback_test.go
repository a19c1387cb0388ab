package sfu

import (
	"math"
	"testing"

	"github.com/pion/rtcp"
)

func TestLossOnTheWayFromUs(t *testing.T) {
	var a arrivals
	for i, step := range []struct {
		highest, total uint32
		never          uint64
		lost, of       int
	}{
		{highest: 1000, total: 50},                                   // the first report is a beginning
		{highest: 1100, total: 60, lost: 10, of: 100},                //
		{highest: 1200, total: 75, never: 10, lost: 5, of: 100},      // a publisher lost ten of the fifteen
		{highest: 1300, total: 76, never: 20, lost: 0, of: 100},      // more than that is none of ours
		{highest: 1300, total: 76, never: 20},                        // nothing new
		{highest: 1400, total: 70, never: 20, lost: 0, of: 100},      // duplicates make the total fall
		{highest: 1410, total: 1 << 23, never: 20, lost: 10, of: 10}, // a lie hurts who tells it
		{highest: math.MaxUint32, total: 0xffffff, never: 20},        // more than half the numbers ahead is behind
		{highest: 50, total: 0x000009, never: 20, lost: 10, of: 51},  // both wrap
		{highest: 60, total: 0x000fff, never: 20, lost: 10, of: 10},  // never more than there was
	} {
		lost, of := a.lostSince(rtcp.ReceptionReport{LastSequenceNumber: step.highest, TotalLost: step.total}, step.never)
		if lost != step.lost || of != step.of {
			t.Errorf("report %d: %d of %d, want %d of %d", i, lost, of, step.lost, step.of)
		}
	}
}
