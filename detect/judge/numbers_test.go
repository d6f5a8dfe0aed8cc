package judge

import "testing"

// TestNumbers compares numbers with those of a map alone, while keys are few and when they are many.
func TestNumbers(t *testing.T) {
	var m Numbers[int]
	want := map[int]int{}
	for i := range 200 {
		key := i * i % 61 // 31 different ones
		number, known := want[key]
		if !known {
			number = len(want)
			want[key] = number
		}
		if n, fresh := m.Of(key); n != number || fresh == known || m.Keys[n] != key {
			t.Fatalf("%d, the %d. key: number %d, fresh %t, want %d, %t", key, i, n, fresh, number, !known)
		}
	}
	if len(m.Keys) != 31 {
		t.Errorf("%d keys", len(m.Keys))
	}
}
