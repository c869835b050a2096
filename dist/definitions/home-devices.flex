# Devices of the home domain (TS-0023, Releases 2 and 3): which modules each is made of.

flexContainer hd:devLt deviceLight org.onem2m.home.device.deviceLight
child hd:binSh
child hd:brigs
child hd:color
child hd:colSn
child hd:fauDn

flexContainer hd:deSDr deviceSmokeDetector org.onem2m.home.device.deviceSmokeDetector
child hd:smoSr
child hd:bat
child hd:fauDn
