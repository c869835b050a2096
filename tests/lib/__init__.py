"""What the black-box tests share: the real server, a client, a notification receiver."""
