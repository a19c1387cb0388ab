package rtpfwd

import "testing"

// FuzzRepairs holds Repairs against a map of all repairs ever sent, over the wrap of the
// numbers.
func FuzzRepairs(f *testing.F) {
	f.Add(uint16(65530), []byte{1, 0, 0, 9, 200, 3, 0, 2, 255, 1})
	f.Add(uint16(1), []byte{0, 0, 0, 0, 1, 2, 3, 128, 129, 130})
	f.Fuzz(func(t *testing.T, start uint16, script []byte) {
		var r Repairs
		numbers := TransportNumbers{last: int64(start)}
		model := map[int64]Repair{}
		for i, b := range script[:min(len(script), 4000)] {
			if b < 128 { // packets, the last of which is a repair
				numbers.last += int64(b) + 1
				sent := Repair{SSRC: uint32(b % 3), Seq: uint16(i)}
				r.Sent(numbers.last, sent)
				model[numbers.last] = sent
				continue
			}
			number := numbers.last - int64(b-128)*7
			want, there := model[number]
			there = there && numbers.last-number < repairReach
			got, ok := r.Lost(&numbers, uint16(number))
			if ok != there || ok && got != want {
				t.Fatalf("number %d of %d: %+v %v, want %+v %v", number, numbers.last, got, ok, want, there)
			}
			delete(model, number)
		}
	})
}
