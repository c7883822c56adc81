#!/bin/sh
ipfs bootstrap rm all
ipfs config --json AutoConf.Enabled false
ipfs config --json AutoTLS.Enabled false
ipfs config Routing.Type none
ipfs config --json Routing.DelegatedRouters '[]'
ipfs config --json Ipns.DelegatedPublishers '[]'
ipfs config --json DNS.Resolvers '{}'
ipfs config --json Provide.Enabled false
ipfs config --json Discovery.MDNS.Enabled false
ipfs config --json Addresses.Gateway '[]'
ipfs config --json Datastore.Spec.mounts "$(ipfs config Datastore.Spec.mounts | sed 's/"sync": false/"sync": true/')"
ipfs config --json Addresses.API "$(printf '["/ip4/127.0.0.1/tcp/5001"'; for ip in $(hostname -i); do printf ',"/ip4/%s/tcp/5001"' "$ip"; done; printf ']')"
