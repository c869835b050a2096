# Devices of the home domain (TS-0023, Release 4): which modules each is made of. What cod:waFIo has is not at hand.

flexContainer hod:deACr deviceAirConditioner org.onem2m.home.device.deviceAirConditioner
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:runSe
child cod:aCJMe
child cod:opeMe
child cod:tempe
child cod:timer
child cod:turbo
child cod:airFw
child cod:powS0
child cod:aiQSr
child cod:filIo

flexContainer hod:deAPr deviceAirPurifier org.onem2m.home.device.deviceAirPurifier
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:runSe
child cod:aPJMe
child cod:opeMe
child cod:timer
child cod:powS0
child cod:aiQSr
child cod:filIo

flexContainer hod:deBWr deviceBottleWarmer org.onem2m.home.device.deviceBottleWarmer
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:keeWm
child cod:runSe

flexContainer hod:deCDr deviceClothesDryer org.onem2m.home.device.deviceClothesDryer
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:runSe
child cod:cDJMe
child cod:opeMe

flexContainer hod:deCWr deviceClothesWasher org.onem2m.home.device.deviceClothesWasher
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:opeMe
child cod:runSe
child cod:cWJMe
child cod:cWJMO
child cod:reCEe
child cod:timer

flexContainer hod:dCWDr deviceClothesWasherDryer org.onem2m.home.device.deviceClothesWasherDryer
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:opeMe
child cod:runSe
child cod:cWDJM
child cod:cWJMO
child cod:reCEe
child cod:timer

flexContainer hod:deCMe deviceCoffeeMachine org.onem2m.home.device.deviceCoffeeMachine
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:fauDn
child cod:runSe
child cod:clock
child cod:brewg
child cod:liqRg
child cod:grinr
child cod:foamg
child cod:liqLl
child cod:binSh
child cod:keeWm

flexContainer hod:deCHd deviceCookerHood org.onem2m.home.device.deviceCookerHood
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:runSe
child cod:airFw
child cod:cHJMe

flexContainer hod:devCp deviceCooktop org.onem2m.home.device.deviceCooktop
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:heaZe

flexContainer hod:devDr deviceDehumidifier org.onem2m.home.device.deviceDehumidifier
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:relHy
child cod:runSe
child cod:deJMe
child cod:opeMe
child cod:timer
child cod:powS0

flexContainer hod:deDGy deviceDigitalGallery org.onem2m.home.device.deviceDigitalGallery
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:galMe
child cod:medSt
child cod:powS0
child cod:clock

flexContainer hod:deDWr deviceDishWasher org.onem2m.home.device.deviceDishWasher
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:runSe
child cod:dWJMe

flexContainer hod:devFn deviceFan org.onem2m.home.device.deviceFan
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh

flexContainer hod:deFPe deviceFoodProbe org.onem2m.home.device.deviceFoodProbe
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:tempe

flexContainer hod:devFr deviceFreezer org.onem2m.home.device.deviceFreezer
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:tempe

flexContainer hod:deGDp deviceGarbageDisposal org.onem2m.home.device.deviceGarbageDisposal
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:runSe
child cod:displ

flexContainer hod:dHCCT deviceHomeCCTV org.onem2m.home.device.deviceHomeCCTV
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:sesDn
child cod:plaCl
child cod:runSe
child cod:motSr
child cod:aiQSr
child cod:ozoMr
child cod:smoSr
child cod:acoSr
child cod:impSr
child cod:fauDn
child cod:alaSr

flexContainer hod:devHr deviceHumidifier org.onem2m.home.device.deviceHumidifier
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh

flexContainer hod:devKe deviceKettle org.onem2m.home.device.deviceKettle
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:fauDn
child cod:runSe
child cod:liqRg
child cod:binSh
child cod:tempe
child cod:keeWm

flexContainer hod:devMn deviceMicrogeneration org.onem2m.home.device.deviceMicrogeneration
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:fauDn
child cod:binSh
child cod:runSe
child cod:eneGn

flexContainer hod:devOn deviceOven org.onem2m.home.device.deviceOven
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:runSe
child cod:timer
child cod:tempe

flexContainer hod:devRr deviceRefrigerator org.onem2m.home.device.deviceRefrigerator
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:powS0
child cod:dooSs
child cod:tempe
child cod:refrn
child cod:lock
child cod:filIo

flexContainer hod:deRC0 deviceRiceCooker org.onem2m.home.device.deviceRiceCooker
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:fauDn
child cod:runSe
child cod:timer
child cod:keeWm

flexContainer hod:deRCr deviceRobotCleaner org.onem2m.home.device.deviceRobotCleaner
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:runSe
child cod:rCJMe
child cod:opeMe
child cod:bat
child cod:timer

flexContainer hod:deSPl deviceSecurityPanel org.onem2m.home.device.deviceSecurityPanel
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:secMe

flexContainer hod:dSTBx deviceSetTopBox org.onem2m.home.device.deviceSetTopBox
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:audVe
child cod:telCl
child cod:medSt

flexContainer hod:deSCt deviceSteamCloset org.onem2m.home.device.deviceSteamCloset
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:runSe
child cod:sCJMe
child cod:opeMe

flexContainer hod:deSBy deviceStorageBattery org.onem2m.home.device.deviceStorageBattery
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:fauDn
child cod:binSh
child cod:runSe
child cod:bat

flexContainer hod:devTn deviceTelevision org.onem2m.home.device.deviceTelevision
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:audVe
child cod:telCl
child cod:plaCl
child cod:medSt

flexContainer hod:deWHr deviceWaterHeater org.onem2m.home.device.deviceWaterHeater
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:fauDn
child cod:binSh
child cod:runSe
child cod:clock
child cod:boilr
child cod:hoWSy

flexContainer hod:deWPr deviceWaterPurifier org.onem2m.home.device.deviceWaterPurifier
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:binSh
child cod:runSe
child cod:timer
child cod:waQMr
child cod:filIo
child cod:liqRg
child cod:waFIo

flexContainer hod:deWSe deviceWindowShade org.onem2m.home.device.deviceWindowShade
attribute nodLk nodeLink xs:string
attribute flNLk flexNodeLink xs:string
child cod:opeLl
child cod:bat
child cod:timer
