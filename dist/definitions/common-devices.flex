# Devices of the common domain (TS-0023, Release 4): which modules each is made of.

flexContainer cod:deDDy device3DDisplay org.onem2m.common.device.device3DDisplay
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:clock
child cod:audVe
child cod:thDDy
child cod:conny
child cod:runSe
child cod:lock

flexContainer cod:deDPr device3DPrinter org.onem2m.common.device.device3DPrinter
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:fauDn
child cod:thDP0
child cod:runSe
child cod:tempe
child cod:priQe

flexContainer cod:deDSr device3DScanner org.onem2m.common.device.device3DScanner
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:clock
child cod:runSe
child cod:thDSr
child cod:conny

flexContainer cod:dAQMr deviceAirQualityMonitor org.onem2m.common.device.deviceAirQualityMonitor
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:aiQSr
child cod:bat
child cod:conny
child cod:peRCg

flexContainer cod:deARr deviceAudioReceiver org.onem2m.common.device.deviceAudioReceiver
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:audVe
child cod:medSt

flexContainer cod:devCa deviceCamera org.onem2m.common.device.deviceCamera
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:sesDn
child cod:plaCl
child cod:motSr

flexContainer cod:devD0 deviceDoor org.onem2m.common.device.deviceDoor
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:opeLl
child cod:lock
child cod:dooSs

flexContainer cod:deDLk deviceDoorLock org.onem2m.common.device.deviceDoorLock
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:lock
child cod:dooSs
child cod:bat

flexContainer cod:deGSr deviceGenericSensor org.onem2m.common.device.deviceGenericSensor
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:temAm
child cod:acoSr
child cod:impSr
child cod:motSr
child cod:smoSr
child cod:uveSr
child cod:watSr

flexContainer cod:devLt deviceLight org.onem2m.common.device.deviceLight
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:fauDn
child cod:binSh
child cod:runSe
child cod:color
child cod:colSn
child cod:brigs
child cod:timer

flexContainer cod:dMFPr deviceMultiFunctionPrinter org.onem2m.common.device.deviceMultiFunctionPrinter
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:runSe
child cod:auDFr
child cod:priQe

flexContainer cod:devPr devicePrinter org.onem2m.common.device.devicePrinter
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:runSe
child cod:priQe

flexContainer cod:devSr deviceScanner org.onem2m.common.device.deviceScanner
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:runSe
child cod:auDFr

flexContainer cod:deSBn deviceServiceButton org.onem2m.common.device.deviceServiceButton
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:pusBn
child cod:conny
child cod:opeMe
child cod:bat
child cod:texMe
child cod:binOt
child cod:creds
child cod:geoLn

flexContainer cod:deSPg deviceSmartPlug org.onem2m.common.device.deviceSmartPlug
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:fauDn
child cod:reCEe
child cod:sDPOt

flexContainer cod:devSh deviceSwitch org.onem2m.common.device.deviceSwitch
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh

flexContainer cod:devTr deviceThermometer org.onem2m.common.device.deviceThermometer
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:tempe
child cod:bat

flexContainer cod:devTt deviceThermostat org.onem2m.common.device.deviceThermostat
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:runSe
child cod:timer
child cod:tempe

flexContainer cod:deWVe deviceWaterValve org.onem2m.common.device.deviceWaterValve
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:opeLl
