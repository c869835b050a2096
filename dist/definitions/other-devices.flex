# Devices of other domains (TS-0023, Release 4) that a home may have: meters (city), a charger (vehicles), health.

flexContainer hed:dBPMr deviceBloodPressureMonitor org.onem2m.health.device.deviceBloodPressureMonitor
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:bat
child cod:binSh
child hed:suDCf

flexContainer ved:dEVCr deviceElectricVehicleCharger org.onem2m.vehicular.device.deviceElectricVehicleCharger
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:fauDn
child cod:binSh
child cod:runSe
child cod:bat
child cod:elVCr

flexContainer hed:devGr deviceGlucosemeter org.onem2m.health.device.deviceGlucosemeter
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:glucr
child cod:bat

flexContainer hed:dHRMr deviceHeartRateMonitor org.onem2m.health.device.deviceHeartRateMonitor
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:pulsr
child cod:bat

flexContainer hed:dePOr devicePulseOximeter org.onem2m.health.device.devicePulseOximeter
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:pulsr
child cod:oximr
child cod:bat

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

flexContainer hed:dWSAB deviceWeightScaleAndBodyCompositionAnalyser org.onem2m.health.device.deviceWeightScaleAndBodyCompositionAnalyser
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:weigt
child cod:boCAr
child cod:bEIAs
child cod:bat

flexContainer hed:suDCf subDeviceCuff org.onem2m.health.subdevice.subDeviceCuff
child cod:binSh
child cod:sphyr
child cod:pulsr
