# Meters, which are devices of the city domain (TS-0023, Release 4): which modules each is made of.

flexContainer cid:dSEMr deviceSmartElectricMeter org.onem2m.city.device.deviceSmartElectricMeter
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:fauDn
child cod:binSh
child cod:runSe
child cod:clock
child cod:eneCn
child cod:eneGn

flexContainer cid:dSGMr deviceSmartGasMeter org.onem2m.city.device.deviceSmartGasMeter
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:bat
child cod:fauDn
child cod:conny
child cod:peRCg
child cod:gMRIo
child cod:binSh
child cod:gaMAm

flexContainer cid:dSWMr deviceSmartWaterMeter org.onem2m.city.device.deviceSmartWaterMeter
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:bat
child cod:fauDn
child cod:conny
child cod:peRCg
child cod:waMSg
child cod:wMRIo
child cod:binSh
child cod:waMAm
