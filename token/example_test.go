package token_test

import (
	"fmt"
	"net/netip"

	"ipdrift/token"
)

func ExampleSign() {
	scheme, err := token.SchemeNamed("gcore")
	if err != nil {
		fmt.Println(err)
		return
	}
	key, err := token.NewKey("secret_key") // better: token.ParseKey of a file
	if err != nil {
		fmt.Println(err)
		return
	}
	link, err := token.Sign(scheme, token.SignParams{
		Target:  "https://cdn.example.com/images/1.jpg",
		Expires: 2147483647,
		Client:  netip.MustParseAddr("1.2.3.4"),
		Key:     key,
	})
	fmt.Println(link, err)
	// Output: https://cdn.example.com/images/1.jpg?md5=14nsJ0zrjGipdIbehZ1tRw&expires=2147483647 <nil>
}

func ExampleVerifier_Verify() {
	key, err := token.NewKey("secret_key")
	if err != nil {
		fmt.Println(err)
		return
	}
	verifier := token.NewVerifier(token.Schemes()[0])
	policy := token.Policy{Bound: true}
	for _, client := range []string{"1.2.3.4", "1.2.3.5"} {
		result := verifier.Verify(token.Request{
			Target: []byte("/images/1.jpg?md5=14nsJ0zrjGipdIbehZ1tRw&expires=2147483647"),
			Client: netip.MustParseAddr(client),
			Time:   1893456000,
		}, policy, []token.Key{key})
		fmt.Println(client, result.Verdict)
	}
	// Output:
	// 1.2.3.4 valid
	// 1.2.3.5 unresolved_signature
}

func ExampleTrier_Sweep() {
	scheme := token.Schemes()[0]
	key, err := token.NewKey("secret_key")
	if err != nil {
		fmt.Println(err)
		return
	}
	var link token.Link
	token.NewParser(scheme).Parse([]byte("/images/1.jpg?md5=14nsJ0zrjGipdIbehZ1tRw&expires=2147483647"), &link)
	trier := token.NewTrier(scheme)
	trier.Aim(&link, link.Path, key)
	fmt.Println(trier.Sweep(netip.MustParsePrefix("1.2.3.0/24")))
	// Output: 1.2.3.4 5 true
}
