# Module classes of the common domain (TS-0023, Release 4): with their actions, and a subdevice.
# Enumerations are numbers; the members of lists are not said, nor how date and time look.

flexContainer cod:acoSr acousticSensor org.onem2m.common.moduleclass.acousticSensor
attribute dgt dataGenerationTime m2m:timestamp
attribute louds loudness xs:float mandatory
attribute acoSs acousticStatus xs:integer

flexContainer cod:acCTr activateClockTimer org.onem2m.common.action.activateClockTimer
attribute dgt dataGenerationTime m2m:timestamp

flexContainer cod:aCJMe airConJobMode org.onem2m.common.moduleclass.airConJobMode
attribute dgt dataGenerationTime m2m:timestamp
attribute cuJMe currentJobMode xs:nonNegativeInteger mandatory
attribute cJMNe currentJobModeName xs:string
attribute jobMs jobModes xs:anySimpleType[] mandatory

flexContainer cod:airFw airFlow org.onem2m.common.moduleclass.airFlow
attribute dgt dataGenerationTime m2m:timestamp
attribute speed speed xs:integer mandatory
attribute minSd minSpeed xs:integer
attribute maxSd maxSpeed xs:integer
attribute verDn verticalDirection xs:nonNegativeInteger
attribute suVDn supportedVerticalDirection xs:anySimpleType[]
attribute horDn horizontalDirection xs:nonNegativeInteger
attribute suHDn supportedHorizontalDirection xs:anySimpleType[]
attribute autoe automode xs:boolean

flexContainer cod:aPJMe airPurifierJobMode org.onem2m.common.moduleclass.airPurifierJobMode
attribute dgt dataGenerationTime m2m:timestamp
attribute cuJMe currentJobMode xs:nonNegativeInteger mandatory
attribute cJMNe currentJobModeName xs:string
attribute jobMs jobModes xs:anySimpleType[] mandatory

flexContainer cod:aiQSr airQualitySensor org.onem2m.common.moduleclass.airQualitySensor
attribute dgt dataGenerationTime m2m:timestamp
attribute monEd monitoringEnabled xs:boolean
attribute pm1 pm1 xs:integer
attribute p25 p25 xs:integer
attribute pm10 pm10 xs:integer
attribute tsp tsp xs:float
attribute odor odor xs:integer
attribute humiy humidity xs:float
attribute tempe temperature xs:float
attribute airPe airPressure xs:float
attribute co co xs:float
attribute co2 co2 xs:float
attribute ch2o ch2o xs:float
attribute voc voc xs:float
attribute no2 no2 xs:float
attribute so2 so2 xs:float
attribute o3 o3 xs:float
attribute noise noise xs:float
attribute winDn windDirection xs:float
attribute winSd windSpeed xs:float

flexContainer cod:alaSr alarmSpeaker org.onem2m.common.moduleclass.alarmSpeaker
attribute dgt dataGenerationTime m2m:timestamp
attribute tone tone xs:nonNegativeInteger
attribute light light xs:nonNegativeInteger
attribute alaSs alarmStatus xs:boolean mandatory

flexContainer cod:anemr anemometer org.onem2m.common.moduleclass.anemometer
attribute dgt dataGenerationTime m2m:timestamp
attribute speed speed xs:float mandatory

flexContainer cod:answr answer org.onem2m.common.action.answer
attribute dgt dataGenerationTime m2m:timestamp

flexContainer cod:audVe audioVolume org.onem2m.common.moduleclass.audioVolume
attribute dgt dataGenerationTime m2m:timestamp
attribute volVe volumeValue xs:integer mandatory
attribute steVe stepValue xs:integer
attribute maxVe maxValue xs:integer
attribute mutEd muteEnabled xs:boolean mandatory
attribute saAVe saveAudioVolume xs:boolean mandatory
child cod:upoVe
child cod:dowVe
child cod:muAVe
child cod:unAVe

flexContainer cod:auDFr autoDocumentFeeder org.onem2m.common.moduleclass.autoDocumentFeeder
attribute dgt dataGenerationTime m2m:timestamp
attribute cuASe currentAdfState xs:nonNegativeInteger mandatory
attribute adfSs adfStates xs:anySimpleType[] mandatory

flexContainer cod:baror barometer org.onem2m.common.moduleclass.barometer
attribute dgt dataGenerationTime m2m:timestamp
attribute alarm alarm xs:boolean
attribute atmPe atmosphericPressure xs:float mandatory
attribute miPTd minPressureThreshold xs:integer
attribute maPTd maxPressureThreshold xs:integer

flexContainer cod:bat battery org.onem2m.common.moduleclass.battery
attribute dgt dataGenerationTime m2m:timestamp
attribute lvl level xs:integer mandatory
attribute capay capacity xs:integer
attribute reche rechargeable xs:boolean
attribute charg charging xs:boolean
attribute discg discharging xs:boolean
attribute lowBy lowBattery xs:boolean
attribute batTd batteryThreshold xs:integer
attribute chaVe chargingVoltage xs:float
attribute chaAe chargingAmpere xs:float
attribute disVe dischargingVoltage xs:float
attribute disAe dischargingAmpere xs:float
attribute batMl batteryMaterial xs:nonNegativeInteger
attribute batSe batteryShape xs:nonNegativeInteger

flexContainer cod:bilDt billDeposit org.onem2m.common.moduleclass.billDeposit
attribute dgt dataGenerationTime m2m:timestamp
attribute depSs depositStatus xs:boolean mandatory
attribute balae balance xs:float mandatory
attribute count count xs:integer mandatory
attribute curry currency xs:string
attribute fakSs fakeStatus xs:boolean mandatory

flexContainer cod:bilWl billWithdrawal org.onem2m.common.moduleclass.billWithdrawal
attribute dgt dataGenerationTime m2m:timestamp
attribute witSs withdrawalStatus xs:boolean mandatory
attribute balae balance xs:float mandatory
attribute count count xs:integer mandatory

flexContainer cod:binOt binaryObject org.onem2m.common.moduleclass.binaryObject
attribute dgt dataGenerationTime m2m:timestamp
attribute objet object xs:string mandatory
attribute objTe objectType xs:string mandatory
attribute size size xs:integer
attribute hash hash xs:string

flexContainer cod:binSh binarySwitch org.onem2m.common.moduleclass.binarySwitch
attribute dgt dataGenerationTime m2m:timestamp
attribute state state xs:boolean mandatory
child cod:togge

flexContainer cod:bEIAs bioElectricalImpedanceAnalysis org.onem2m.common.moduleclass.bioElectricalImpedanceAnalysis
attribute dgt dataGenerationTime m2m:timestamp
attribute water water xs:float mandatory
attribute fat fat xs:float mandatory
attribute musce muscle xs:float mandatory
attribute bone bone xs:float mandatory
attribute visFt visceraFat xs:float mandatory
attribute kcal kcal xs:float mandatory
attribute resie resistance xs:boolean mandatory

flexContainer cod:boCAr bodyCompositionAnalyser org.onem2m.common.moduleclass.bodyCompositionAnalyser
attribute dgt dataGenerationTime m2m:timestamp
attribute bodLh bodyLength xs:float
attribute bmi bmi xs:float
attribute faFMs fatFreeMass xs:float
attribute soLMs softLeanMass xs:float
attribute musMs muscleMass xs:float
attribute basMm basalMetabolism xs:float
attribute impee impedance xs:float
attribute proMs proteinMass xs:float
attribute boWMs bodyWaterMass xs:float
attribute imSMe impinorganicSaltMassedance xs:float
attribute somae somatotype xs:float

flexContainer cod:boilr boiler org.onem2m.common.moduleclass.boiler
attribute dgt dataGenerationTime m2m:timestamp
attribute sus status xs:boolean mandatory

flexContainer cod:brewg brewing org.onem2m.common.moduleclass.brewing
attribute dgt dataGenerationTime m2m:timestamp
attribute cupNr cupsNumber xs:integer mandatory
attribute streh strength xs:nonNegativeInteger

flexContainer cod:brigs brightness org.onem2m.common.moduleclass.brightness
attribute dgt dataGenerationTime m2m:timestamp
attribute brigs brightness xs:integer mandatory

flexContainer cod:call call org.onem2m.common.action.call
attribute dgt dataGenerationTime m2m:timestamp

flexContainer cod:carSr cardScanner org.onem2m.common.moduleclass.cardScanner
attribute dgt dataGenerationTime m2m:timestamp
attribute scaSs scanStatus xs:boolean mandatory
attribute carIo cardInfo xs:string mandatory

flexContainer cod:casDr cashDispenser org.onem2m.common.moduleclass.cashDispenser
attribute dgt dataGenerationTime m2m:timestamp
attribute disSs dispenseStatus xs:boolean mandatory
attribute balae balance xs:float mandatory
attribute count count xs:integer mandatory
attribute curry currency xs:string

flexContainer cod:clock clock org.onem2m.common.moduleclass.clock
attribute dgt dataGenerationTime m2m:timestamp
attribute curTe currentTime xs:string mandatory
attribute curDe currentDate xs:string mandatory
attribute cuTZe currentTimeZone xs:string

flexContainer cod:close close org.onem2m.common.action.close
attribute dgt dataGenerationTime m2m:timestamp

flexContainer cod:cDJMe clothesDryerJobMode org.onem2m.common.moduleclass.clothesDryerJobMode
attribute dgt dataGenerationTime m2m:timestamp
attribute cuJMe currentJobMode xs:nonNegativeInteger mandatory
attribute cJMNe currentJobModeName xs:string
attribute jobMs jobModes xs:anySimpleType[] mandatory

flexContainer cod:cWDJM clothesWasherDryerJobMode org.onem2m.common.moduleclass.clothesWasherDryerJobMode
attribute dgt dataGenerationTime m2m:timestamp
attribute cuJMe currentJobMode xs:nonNegativeInteger
attribute cJMNe currentJobModeName xs:string
attribute jobMs jobModes xs:anySimpleType[] mandatory

flexContainer cod:cWJMe clothesWasherJobMode org.onem2m.common.moduleclass.clothesWasherJobMode
attribute dgt dataGenerationTime m2m:timestamp
attribute cuJMe currentJobMode xs:nonNegativeInteger mandatory
attribute cJMNe currentJobModeName xs:string
attribute jobMs jobModes xs:anySimpleType[] mandatory

flexContainer cod:cWJMO clothesWasherJobModeOption org.onem2m.common.moduleclass.clothesWasherJobModeOption
attribute dgt dataGenerationTime m2m:timestamp
attribute wasTp washTemp xs:nonNegativeInteger
attribute soiLl soilLevel xs:nonNegativeInteger
attribute spiSd spinSpeed xs:nonNegativeInteger
attribute preWh preWash xs:boolean
attribute speWh speedWash xs:boolean
attribute steTt steamTreat xs:boolean
attribute colWh coldWash xs:boolean
attribute extRe extraRinse xs:boolean

flexContainer cod:coiDt coinDeposit org.onem2m.common.moduleclass.coinDeposit
attribute dgt dataGenerationTime m2m:timestamp
attribute depSs depositStatus xs:boolean mandatory
attribute balae balance xs:float mandatory
attribute count count xs:integer mandatory
attribute curry currency xs:string
attribute fakSs fakeStatus xs:boolean mandatory

flexContainer cod:color colour org.onem2m.common.moduleclass.colour
attribute dgt dataGenerationTime m2m:timestamp
attribute red red xs:integer mandatory
attribute green green xs:integer mandatory
attribute blue blue xs:integer mandatory

flexContainer cod:colSn colourSaturation org.onem2m.common.moduleclass.colourSaturation
attribute dgt dataGenerationTime m2m:timestamp
attribute colSn colourSaturation xs:integer mandatory

flexContainer cod:conny connectivity org.onem2m.common.moduleclass.connectivity
attribute dgt dataGenerationTime m2m:timestamp
attribute rsrp rsrp xs:integer mandatory
attribute rsrq rsrq xs:integer
attribute celID cellID xs:integer
attribute rssi rssi xs:integer
attribute siECL signalECL xs:integer
attribute sinr sinr xs:integer
attribute pci pci xs:string
attribute daATe dailyActivityTime xs:integer
attribute dNOCs dailyNumberOfConnections xs:integer
attribute coFVe commFreqValue xs:integer
attribute cuCBn currentCycleBeginn m2m:timestamp
attribute cuCVe currentCycleVolume xs:integer
attribute cCTEs currentCycleTransmissionErrors xs:integer
attribute miCLy minimumCommunicationLatency xs:integer

flexContainer cod:cHJMe cookerHoodJobMode org.onem2m.common.moduleclass.cookerHoodJobMode
attribute dgt dataGenerationTime m2m:timestamp
attribute cuJMe currentJobMode xs:nonNegativeInteger mandatory
attribute cJMNe currentJobModeName xs:string
attribute jobMs jobModes xs:anySimpleType[] mandatory

flexContainer cod:creds credentials org.onem2m.common.moduleclass.credentials
attribute dgt dataGenerationTime m2m:timestamp
attribute logNe loginName xs:string
attribute pwd password xs:string
attribute tk token xs:string

flexContainer cod:croBr crossingBarrier org.onem2m.common.moduleclass.crossingBarrier
attribute dgt dataGenerationTime m2m:timestamp
attribute barDt barrierDefault xs:boolean
attribute barSs barrierStatus xs:boolean mandatory
attribute timer timer xs:string

flexContainer cod:deCTr deactivateClockTimer org.onem2m.common.action.deactivateClockTimer
attribute dgt dataGenerationTime m2m:timestamp

flexContainer cod:deNVe decrementNumberValue org.onem2m.common.action.decrementNumberValue
attribute dgt dataGenerationTime m2m:timestamp

flexContainer cod:deJMe dehumidifierJobMode org.onem2m.common.moduleclass.dehumidifierJobMode
attribute dgt dataGenerationTime m2m:timestamp
attribute cuJMe currentJobMode xs:nonNegativeInteger mandatory
attribute cJMNe currentJobModeName xs:string
attribute jobMs jobModes xs:anySimpleType[] mandatory

flexContainer cod:dWJMe dishWasherJobMode org.onem2m.common.moduleclass.dishWasherJobMode
attribute dgt dataGenerationTime m2m:timestamp
attribute cuJMe currentJobMode xs:nonNegativeInteger mandatory
attribute cJMNe currentJobModeName xs:string
attribute jobMs jobModes xs:anySimpleType[] mandatory

flexContainer cod:displ disposal org.onem2m.common.moduleclass.disposal
attribute dgt dataGenerationTime m2m:timestamp
attribute disS0 disposalStatus xs:boolean mandatory

flexContainer cod:dooSs doorStatus org.onem2m.common.moduleclass.doorStatus
attribute dgt dataGenerationTime m2m:timestamp
attribute dooSe doorState xs:nonNegativeInteger mandatory
attribute opeDn openDuration m2m:timestamp
attribute opeAm openAlarm xs:boolean

flexContainer cod:dowCl downChannel org.onem2m.common.action.downChannel
attribute dgt dataGenerationTime m2m:timestamp

flexContainer cod:dowVe downVolume org.onem2m.common.action.downVolume
attribute dgt dataGenerationTime m2m:timestamp

flexContainer cod:elVCr electricVehicleConnector org.onem2m.common.moduleclass.electricVehicleConnector
attribute dgt dataGenerationTime m2m:timestamp
attribute sus status xs:boolean mandatory
attribute chaCy chargingCapacity xs:integer
attribute disCy dischargingCapacity xs:integer

flexContainer cod:eneCn energyConsumption org.onem2m.common.moduleclass.energyConsumption
attribute dgt dataGenerationTime m2m:timestamp
attribute power power xs:float
attribute abECn absoluteEnergyConsumption xs:float mandatory
attribute roECn roundingEnergyConsumption xs:integer
attribute sigDs significantDigits xs:integer
attribute mulFs multiplyingFactors xs:integer
attribute volte voltage xs:float
attribute currt current xs:float
attribute freqy frequency xs:float
attribute meaSe measuringScope xs:string

flexContainer cod:eneGn energyGeneration org.onem2m.common.moduleclass.energyGeneration
attribute dgt dataGenerationTime m2m:timestamp
attribute poGDa powerGenerationData xs:float
attribute roEGn roundingEnergyGeneration xs:integer
attribute sigDs significantDigits xs:integer
attribute mulFs multiplyingFactors xs:integer
attribute genSe generationSource xs:string mandatory

flexContainer cod:fauDn faultDetection org.onem2m.common.moduleclass.faultDetection
attribute dgt dataGenerationTime m2m:timestamp
attribute sus status xs:boolean mandatory
attribute code code xs:integer
attribute dc description xs:string

flexContainer cod:filIo filterInfo org.onem2m.common.moduleclass.filterInfo
attribute dgt dataGenerationTime m2m:timestamp
attribute useTe usedTime xs:integer mandatory
attribute neeRt needsReplacement xs:boolean
attribute filLe filterLifetime xs:integer

flexContainer cod:foamg foaming org.onem2m.common.moduleclass.foaming
attribute dgt dataGenerationTime m2m:timestamp
attribute foaSh foamingStrength xs:nonNegativeInteger mandatory

flexContainer cod:galMe galleryMode org.onem2m.common.moduleclass.galleryMode
attribute dgt dataGenerationTime m2m:timestamp
attribute disOn displayOrientation xs:nonNegativeInteger mandatory
attribute disIl displayInterval xs:integer
attribute disOr displayOrder xs:nonNegativeInteger

flexContainer cod:gaCCl gasChargingControl org.onem2m.common.moduleclass.gasChargingControl
attribute dgt dataGenerationTime m2m:timestamp
attribute bilNr billingNumber xs:string
attribute recCt rechargeCredit xs:float
attribute surCt surplusCredit xs:float
attribute recGs rechargeGas xs:float
attribute surGs surplusGas xs:float

flexContainer cod:gaMAm gasMeterAlarm org.onem2m.common.moduleclass.gasMeterAlarm
attribute dgt dataGenerationTime m2m:timestamp
attribute loGAm lowGasAlarm xs:boolean
attribute loCAm lowCreditAlarm xs:boolean
attribute leaAm leakageAlarm xs:boolean
attribute loDAm lockedDownAlarm xs:boolean
attribute laFAm largeFlowAlarm xs:boolean
attribute magDb magneticDisturb xs:boolean
attribute siCAm singleCountAlarm xs:boolean

flexContainer cod:gMRIo gasMeterReportInfo org.onem2m.common.moduleclass.gasMeterReportInfo
attribute dgt dataGenerationTime m2m:timestamp
attribute toUVe totalUseValue xs:float mandatory
attribute valSs valveStatus xs:boolean

flexContainer cod:geoLn geoLocation org.onem2m.common.moduleclass.geoLocation
attribute dgt dataGenerationTime m2m:timestamp
attribute latie latitude xs:float mandatory
attribute longe longitude xs:float mandatory
attribute altie altitude xs:float
attribute headg heading xs:float
attribute horAy horizontalAccuracy xs:float
attribute verAy verticalAccuracy xs:float
attribute heaAy headingAccuracy xs:float
attribute tarLe targetLatitude xs:float
attribute tarL0 targetLongitude xs:float
attribute tarAe targetAltitude xs:float

flexContainer cod:glucr glucometer org.onem2m.common.moduleclass.glucometer
attribute dgt dataGenerationTime m2m:timestamp
attribute concn concentration xs:float mandatory
attribute hba1c hba1c xs:float
attribute conEe contextExercise xs:float
attribute conMn contextMedication xs:float
attribute coCAt contextCarbohydratesAmount xs:float
attribute coCSe contextCarbohydratesSource xs:string
attribute conMl contextMeal xs:string
attribute conLn contextLocation xs:string
attribute conTr contextTester xs:string
attribute conHh contextHealth xs:string

flexContainer cod:grinr grinder org.onem2m.common.moduleclass.grinder
attribute dgt dataGenerationTime m2m:timestamp
attribute useGr useGrinder xs:boolean mandatory
attribute coars coarseness xs:nonNegativeInteger
attribute graRg grainsRemaining xs:nonNegativeInteger

flexContainer cod:hangp hangup org.onem2m.common.action.hangup
attribute dgt dataGenerationTime m2m:timestamp

flexContainer cod:heaSr headingSensor org.onem2m.common.moduleclass.headingSensor
attribute dgt dataGenerationTime m2m:timestamp
attribute headg heading xs:float mandatory
attribute heaAy headingAccuracy xs:float

flexContainer cod:heaZe heatingZone org.onem2m.common.moduleclass.heatingZone
attribute dgt dataGenerationTime m2m:timestamp
attribute heaLl heatingLevel xs:integer mandatory
attribute maHLl maxHeatingLevel xs:integer mandatory

flexContainer cod:heigt height org.onem2m.common.moduleclass.height
attribute dgt dataGenerationTime m2m:timestamp
attribute heigt height xs:float mandatory

flexContainer cod:hoWSy hotWaterSupply org.onem2m.common.moduleclass.hotWaterSupply
attribute dgt dataGenerationTime m2m:timestamp
attribute bath bath xs:boolean

flexContainer cod:impSr impactSensor org.onem2m.common.moduleclass.impactSensor
attribute dgt dataGenerationTime m2m:timestamp
attribute impSs impactStatus xs:boolean mandatory
attribute impLl impactLevel xs:float
attribute imDHl impactDirectionHorizontal xs:float
attribute imDVl impactDirectionVertical xs:float

flexContainer cod:inNVe incrementNumberValue org.onem2m.common.action.incrementNumberValue
attribute dgt dataGenerationTime m2m:timestamp

flexContainer cod:infSr infraredSensor org.onem2m.common.moduleclass.infraredSensor
attribute dgt dataGenerationTime m2m:timestamp
attribute detVe detectedValue xs:boolean mandatory
attribute detTe detectedTime m2m:timestamp mandatory

flexContainer cod:keeWm keepWarm org.onem2m.common.moduleclass.keepWarm
attribute dgt dataGenerationTime m2m:timestamp
attribute time time xs:integer
attribute tarTe targetTemperature xs:float

flexContainer cod:keypd keypad org.onem2m.common.moduleclass.keypad
attribute dgt dataGenerationTime m2m:timestamp
attribute keyNr keyNumber xs:integer mandatory

flexContainer cod:liqLl liquidLevel org.onem2m.common.moduleclass.liquidLevel
attribute dgt dataGenerationTime m2m:timestamp
attribute liqLl liquidLevel xs:nonNegativeInteger mandatory

flexContainer cod:liqRg liquidRemaining org.onem2m.common.moduleclass.liquidRemaining
attribute dgt dataGenerationTime m2m:timestamp
attribute liqRg liquidRemaining xs:nonNegativeInteger mandatory

flexContainer cod:lock lock org.onem2m.common.moduleclass.lock
attribute dgt dataGenerationTime m2m:timestamp
attribute lock lock xs:boolean mandatory

flexContainer cod:maSPs magneticSensorParameters org.onem2m.common.moduleclass.magneticSensorParameters
attribute dgt dataGenerationTime m2m:timestamp
attribute detIl detectionInterval xs:float mandatory
attribute iniMc initialMagnetic xs:float
attribute maSLl magneticSensitivityLevel xs:integer
attribute hiMAm highMagneticAlarm xs:boolean mandatory

flexContainer cod:medSt mediaSelect org.onem2m.common.moduleclass.mediaSelect
attribute dgt dataGenerationTime m2m:timestamp
attribute medID mediaID xs:integer mandatory
attribute suMSs supportedMediaSources xs:anySimpleType[] mandatory
attribute medNe mediaName xs:string
attribute sus status xs:boolean
attribute medTe mediaType xs:nonNegativeInteger

flexContainer cod:motSr motionSensor org.onem2m.common.moduleclass.motionSensor
attribute dgt dataGenerationTime m2m:timestamp
attribute alarm alarm xs:boolean mandatory
attribute silTe silentTime xs:integer
attribute sensy sensitivity xs:integer

flexContainer cod:mute mute org.onem2m.common.action.mute
attribute dgt dataGenerationTime m2m:timestamp

flexContainer cod:muAVe muteAudioVolume org.onem2m.common.action.muteAudioVolume
attribute dgt dataGenerationTime m2m:timestamp

flexContainer cod:nexTk nextTrack org.onem2m.common.action.nextTrack
attribute dgt dataGenerationTime m2m:timestamp

flexContainer cod:numVe numberValue org.onem2m.common.moduleclass.numberValue
attribute dgt dataGenerationTime m2m:timestamp
attribute numVe numberValue xs:float mandatory
attribute minVe minValue xs:float
attribute maxVe maxValue xs:float
attribute defVe defaultValue xs:float
attribute step step xs:float
child cod:deNVe
child cod:inNVe
child cod:reNVe

flexContainer cod:open open org.onem2m.common.action.open
attribute dgt dataGenerationTime m2m:timestamp

flexContainer cod:opeLl openLevel org.onem2m.common.moduleclass.openLevel
attribute dgt dataGenerationTime m2m:timestamp
attribute opeLl openLevel xs:integer mandatory
attribute steVe stepValue xs:integer
attribute minLl minLevel xs:integer
attribute maxLl maxLevel xs:integer
child cod:open
child cod:close

flexContainer cod:opeMe operationMode org.onem2m.common.moduleclass.operationMode
attribute dgt dataGenerationTime m2m:timestamp
attribute staPe startPause xs:boolean mandatory

flexContainer cod:oveSr overcurrentSensor org.onem2m.common.moduleclass.overcurrentSensor
attribute dgt dataGenerationTime m2m:timestamp
attribute oveSs overcurrentStatus xs:boolean mandatory
attribute detTe detectedTime m2m:timestamp mandatory
attribute dur duration xs:float mandatory

flexContainer cod:oximr oximeter org.onem2m.common.moduleclass.oximeter
attribute dgt dataGenerationTime m2m:timestamp
attribute oxySn oxygenSaturation xs:integer mandatory

flexContainer cod:ozoMr ozoneMeter org.onem2m.common.moduleclass.ozoneMeter
attribute dgt dataGenerationTime m2m:timestamp
attribute oVPPM ozoneValuePPM xs:float mandatory
attribute ozVMG ozoneValueMG xs:float
attribute ozoSs ozoneStatus xs:nonNegativeInteger
attribute maxVe maxValue xs:float

flexContainer cod:parSs parkingStatus org.onem2m.common.moduleclass.parkingStatus
attribute dgt dataGenerationTime m2m:timestamp
attribute oVPPM ozoneValuePPM xs:boolean mandatory

flexContainer cod:peRCg periodicalReportConfig org.onem2m.common.moduleclass.periodicalReportConfig
attribute dgt dataGenerationTime m2m:timestamp
attribute bacTe backoffTime xs:integer mandatory
attribute perid period xs:integer
attribute retTs retryTimes xs:integer
attribute retIl retryInterval xs:integer

flexContainer cod:phoCl phoneCall org.onem2m.common.moduleclass.phoneCall
attribute dgt dataGenerationTime m2m:timestamp
attribute calID callerID xs:string mandatory
attribute recID recipientID xs:string mandatory
attribute calSe callState xs:nonNegativeInteger
child cod:call
child cod:answr
child cod:hangp

flexContainer cod:plaCl playerControl org.onem2m.common.moduleclass.playerControl
attribute dgt dataGenerationTime m2m:timestamp
attribute cuPMe currentPlayerMode xs:nonNegativeInteger mandatory
attribute cPMNe currentPlayerModeName xs:string
attribute suPMs supportedPlayerModes xs:anySimpleType[] mandatory
attribute speFr speedFactor xs:float
child cod:nexTk
child cod:preTk

flexContainer cod:powS0 powerSave org.onem2m.common.moduleclass.powerSave
attribute dgt dataGenerationTime m2m:timestamp
attribute poSEd powerSaveEnabled xs:boolean mandatory

flexContainer cod:pPCRr prePaidCardReader org.onem2m.common.moduleclass.prePaidCardReader
attribute dgt dataGenerationTime m2m:timestamp
attribute reaSs readStatus xs:boolean mandatory
attribute carIo cardInfo xs:integer mandatory
attribute balae balance xs:float mandatory
attribute curry currency xs:string

flexContainer cod:preTk previousTrack org.onem2m.common.action.previousTrack
attribute dgt dataGenerationTime m2m:timestamp

flexContainer cod:priQe printQueue org.onem2m.common.moduleclass.printQueue
attribute dgt dataGenerationTime m2m:timestamp
attribute ur0 uri xs:anySimpleType[] mandatory
attribute priS0 printingState xs:anySimpleType[] mandatory

flexContainer cod:pulsr pulsemeter org.onem2m.common.moduleclass.pulsemeter
attribute dgt dataGenerationTime m2m:timestamp
attribute pulRe pulseRate xs:float mandatory
attribute r0 rr xs:float
attribute enery energy xs:float
attribute moday modality xs:string

flexContainer cod:pusBn pushButton org.onem2m.common.moduleclass.pushButton
attribute dgt dataGenerationTime m2m:timestamp
attribute pushd pushed xs:boolean mandatory

flexContainer cod:raiGe rainGauge org.onem2m.common.moduleclass.rainGauge
attribute dgt dataGenerationTime m2m:timestamp
attribute heigt height xs:integer mandatory
child cod:reset

flexContainer cod:recor recorder org.onem2m.common.moduleclass.recorder
attribute dgt dataGenerationTime m2m:timestamp
attribute dur duration xs:integer mandatory

flexContainer cod:refrn refrigeration org.onem2m.common.moduleclass.refrigeration
attribute dgt dataGenerationTime m2m:timestamp
attribute rapFe rapidFreeze xs:boolean
attribute rapCl rapidCool xs:boolean
attribute defrt defrost xs:boolean mandatory
attribute deode deodorize xs:boolean mandatory
attribute degem degerm xs:boolean mandatory

flexContainer cod:relHy relativeHumidity org.onem2m.common.moduleclass.relativeHumidity
attribute dgt dataGenerationTime m2m:timestamp
attribute relHy relativeHumidity xs:float mandatory
attribute desHy desiredHumidity xs:float

flexContainer cod:reCEe remoteControlEnable org.onem2m.common.moduleclass.remoteControlEnable
attribute dgt dataGenerationTime m2m:timestamp
attribute reCEd remoteControlEnabled xs:boolean mandatory

flexContainer cod:reset reset org.onem2m.common.action.reset
attribute dgt dataGenerationTime m2m:timestamp

flexContainer cod:reNVe resetNumberValue org.onem2m.common.action.resetNumberValue
attribute dgt dataGenerationTime m2m:timestamp

flexContainer cod:reTMe resetTextMessage org.onem2m.common.action.resetTextMessage
attribute dgt dataGenerationTime m2m:timestamp

flexContainer cod:rCJMe robotCleanerJobMode org.onem2m.common.moduleclass.robotCleanerJobMode
attribute dgt dataGenerationTime m2m:timestamp
attribute cuJMe currentJobMode xs:nonNegativeInteger mandatory
attribute cJMNe currentJobModeName xs:string
attribute jobMs jobModes xs:anySimpleType[] mandatory

flexContainer cod:runSe runState org.onem2m.common.moduleclass.runState
attribute dgt dataGenerationTime m2m:timestamp
attribute cuMSe currentMachineState xs:nonNegativeInteger mandatory
attribute macSs machineStates xs:anySimpleType[] mandatory
attribute cuJSe currentJobState xs:nonNegativeInteger mandatory
attribute jobSs jobStates xs:anySimpleType[] mandatory
attribute proPe progressPercentage xs:float mandatory

flexContainer cod:secMe securityMode org.onem2m.common.moduleclass.securityMode
attribute dgt dataGenerationTime m2m:timestamp
attribute cuSMe currentSecurityMode xs:nonNegativeInteger mandatory
attribute secMs securityModes xs:anySimpleType[] mandatory

flexContainer cod:sesDn sessionDescription org.onem2m.common.moduleclass.sessionDescription
attribute dgt dataGenerationTime m2m:timestamp
attribute ur0 uri xs:anyURI
attribute sdp sdp xs:string

flexContainer cod:sigPl signalPanel org.onem2m.common.moduleclass.signalPanel
attribute dgt dataGenerationTime m2m:timestamp
attribute signl signal xs:boolean mandatory

flexContainer cod:sigSh signalStrength org.onem2m.common.moduleclass.signalStrength
attribute dgt dataGenerationTime m2m:timestamp
attribute lqi lqi xs:integer mandatory
attribute rssi rssi xs:float

flexContainer cod:slcAm slcAlarm org.onem2m.common.moduleclass.slcAlarm
attribute dgt dataGenerationTime m2m:timestamp
attribute ovCTd overCurrentThreshold xs:float
attribute ovCDn overCurrentDuration xs:integer
attribute unCTd underCurrentThreshold xs:float
attribute unCDn underCurrentDuration xs:integer
attribute ovVTd overVoltageThreshold xs:float
attribute ovVDn overVoltageDuration xs:integer
attribute unVTd underVoltageThreshold xs:float
attribute unVDn underVoltageDuration xs:integer
attribute ovVPt overVoltagePercent xs:integer
attribute unVPt underVoltagePercent xs:integer
attribute staVe standardreferenceVoltage xs:integer
attribute ovCAm overCurrentAlarm xs:boolean
attribute unCAm underCurrentAlarm xs:boolean
attribute ovVAm overVoltageAlarm xs:boolean
attribute unVAm underVoltageAlarm xs:boolean

flexContainer cod:slPSg slcParameterSetting org.onem2m.common.moduleclass.slcParameterSetting
attribute dgt dataGenerationTime m2m:timestamp
attribute ligCt lightCount xs:integer
attribute tiPSs timePlanStatus xs:boolean
attribute tiRCt timeRangeCount xs:anySimpleType[]
attribute tRLDV timeRangeLightDimmingValue xs:anySimpleType[]

flexContainer cod:slRIo slcReportInfo org.onem2m.common.moduleclass.slcReportInfo
attribute dgt dataGenerationTime m2m:timestamp
attribute volFy voltageFrequency xs:integer
attribute swiSs switchStatus xs:boolean mandatory
attribute onlSs onlineStatus xs:boolean
attribute ligVe lightVoltage xs:float mandatory
attribute ligC0 lightCurrent xs:float mandatory
attribute liDVe lightDimmingValue xs:integer mandatory
attribute liPFr lightPowerFactor xs:float mandatory
attribute liAPr lightActivePower xs:float
attribute liRPr lightReactivePower xs:float
attribute liAP0 lightApparentPower xs:float
attribute liPAs lightPolarizationAxis xs:float
attribute colTe colourTemperature xs:integer
attribute lamTy lampTechnology xs:string

flexContainer cod:smoSr smokeSensor org.onem2m.common.moduleclass.smokeSensor
attribute dgt dataGenerationTime m2m:timestamp
attribute alarm alarm xs:boolean mandatory
attribute detTe detectedTime m2m:timestamp
attribute smoT0 smokeThreshold xs:integer
attribute crv currentValue xs:integer
attribute senFt sensorFault xs:boolean
attribute lowVe lowVoltage xs:boolean
attribute dismd dismantled xs:boolean
attribute powOn powerOn xs:boolean
child cod:mute
child cod:test

flexContainer cod:sphyr sphygmomanometer org.onem2m.common.moduleclass.sphygmomanometer
attribute dgt dataGenerationTime m2m:timestamp
attribute diaPe diastolicPressure xs:float mandatory
attribute sysPe systolicPressure xs:float mandatory
attribute meaPe meanPressure xs:float mandatory

flexContainer cod:spiLl spinLevel org.onem2m.common.moduleclass.spinLevel
attribute dgt dataGenerationTime m2m:timestamp
attribute spLSh spinLevelStrength xs:nonNegativeInteger mandatory

flexContainer cod:staDt start3Dprint org.onem2m.common.action.start3Dprint
attribute dgt dataGenerationTime m2m:timestamp

flexContainer cod:sCJMe steamClosetJobMode org.onem2m.common.moduleclass.steamClosetJobMode
attribute dgt dataGenerationTime m2m:timestamp
attribute cuJMe currentJobMode xs:nonNegativeInteger mandatory
attribute cJMNe currentJobModeName xs:string
attribute jobMs jobModes xs:anySimpleType[] mandatory

flexContainer cod:stoDt stop3Dprint org.onem2m.common.action.stop3Dprint
attribute dgt dataGenerationTime m2m:timestamp

flexContainer cod:sDPOt subDevicePowerOutlet org.onem2m.common.subdevice.subDevicePowerOutlet
child cod:binSh
child cod:eneCn
child cod:oveSr
child cod:numVe

flexContainer cod:telCl televisionChannel org.onem2m.common.moduleclass.televisionChannel
attribute dgt dataGenerationTime m2m:timestamp
attribute chaNr channelNumber xs:integer mandatory
attribute avaCs availableChannels xs:anySimpleType[]
attribute preCl previousChannel xs:integer
attribute chaNe channelName xs:string
child cod:uphCl
child cod:dowCl

flexContainer cod:tempe temperature org.onem2m.common.moduleclass.temperature
attribute dgt dataGenerationTime m2m:timestamp
attribute curT0 currentTemperature xs:float mandatory
attribute tarTe targetTemperature xs:float
attribute unit unit xs:nonNegativeInteger
attribute minVe minValue xs:float
attribute maxVe maxValue xs:float
attribute steVe stepValue xs:float

flexContainer cod:temAm temperatureAlarm org.onem2m.common.moduleclass.temperatureAlarm
attribute dgt dataGenerationTime m2m:timestamp
attribute alarm alarm xs:boolean mandatory
attribute unit unit xs:nonNegativeInteger
attribute tempe temperature xs:float
attribute temT0 temperatureThreshold xs:integer

flexContainer cod:test test org.onem2m.common.action.test
attribute dgt dataGenerationTime m2m:timestamp

flexContainer cod:texMe textMessage org.onem2m.common.moduleclass.textMessage
attribute dgt dataGenerationTime m2m:timestamp
attribute texMe textMessage xs:string mandatory
attribute suMVs supportedMessageValues xs:anySimpleType[]
attribute minLh minLength xs:integer
attribute maxLh maxLength xs:integer
attribute mesEg messageEncoding xs:string
attribute defVe defaultValue xs:string
child cod:reTMe

flexContainer cod:thDDy threeDDisplay org.onem2m.common.moduleclass.threeDDisplay
attribute dgt dataGenerationTime m2m:timestamp
attribute tDDTe threeDDisplayType xs:nonNegativeInteger mandatory
attribute tDDVA threeDDisplayViewAngle xs:integer
attribute tDDRX threeDDisplayResolutionX xs:integer
attribute tDDRY threeDDisplayResolutionY xs:integer
attribute thDGs threeDGlasses xs:boolean

flexContainer cod:thDP0 threeDPrinter org.onem2m.common.moduleclass.threeDPrinter
attribute dgt dataGenerationTime m2m:timestamp
attribute priTe printType xs:nonNegativeInteger mandatory
attribute priSX printSizeX xs:float mandatory
attribute priSY printSizeY xs:float mandatory
attribute priSZ printSizeZ xs:float mandatory
attribute netwk network xs:boolean mandatory
attribute memSe memorySize xs:float mandatory
child cod:staDt
child cod:stoDt

flexContainer cod:thDSr threeDScanner org.onem2m.common.moduleclass.threeDScanner
attribute dgt dataGenerationTime m2m:timestamp
attribute tDSTe threeDScannerType xs:nonNegativeInteger mandatory
attribute tDSRn threeDScanResolution xs:integer
attribute maxSX maxSizeX xs:float
attribute maxSY maxSizeY xs:float
attribute maxSZ maxSizeZ xs:float

flexContainer cod:timer timer org.onem2m.common.moduleclass.timer
attribute dgt dataGenerationTime m2m:timestamp
attribute refTr referenceTimer xs:integer
attribute tTTSt targetTimeToStart xs:integer
attribute tTTSp targetTimeToStop xs:integer
attribute eTTEd estimatedTimeToEnd xs:integer
attribute runTe runningTime xs:integer
attribute tarDn targetDuration xs:integer
attribute abSTe absoluteStartTime m2m:timestamp
attribute abST0 absoluteStopTime m2m:timestamp
child cod:acCTr
child cod:deCTr

flexContainer cod:togge toggle org.onem2m.common.action.toggle
attribute dgt dataGenerationTime m2m:timestamp

flexContainer cod:touSn touchScreen org.onem2m.common.moduleclass.touchScreen
attribute dgt dataGenerationTime m2m:timestamp
attribute pushd pushed xs:boolean mandatory
attribute posiX positionX xs:integer mandatory
attribute posiY positionY xs:integer mandatory

flexContainer cod:turbo turbo org.onem2m.common.moduleclass.turbo
attribute dgt dataGenerationTime m2m:timestamp
attribute turEd turboEnabled xs:boolean mandatory

flexContainer cod:unAVe unmuteAudioVolume org.onem2m.common.action.unmuteAudioVolume
attribute dgt dataGenerationTime m2m:timestamp

flexContainer cod:uphCl upChannel org.onem2m.common.action.upChannel
attribute dgt dataGenerationTime m2m:timestamp

flexContainer cod:upoVe upVolume org.onem2m.common.action.upVolume
attribute dgt dataGenerationTime m2m:timestamp

flexContainer cod:uveSr uvSensor org.onem2m.common.moduleclass.uvSensor
attribute dgt dataGenerationTime m2m:timestamp
attribute uvaVe uvValue xs:float mandatory
attribute uvtSs uvStatus xs:nonNegativeInteger

flexContainer cod:waFTe waterFilterType org.onem2m.common.moduleclass.waterFilterType
attribute dgt dataGenerationTime m2m:timestamp
attribute filTe filterType xs:nonNegativeInteger mandatory

flexContainer cod:watFw waterFlow org.onem2m.common.moduleclass.waterFlow
attribute dgt dataGenerationTime m2m:timestamp
attribute waFSh waterFlowStrength xs:nonNegativeInteger mandatory

flexContainer cod:waMAm waterMeterAlarm org.onem2m.common.moduleclass.waterMeterAlarm
attribute dgt dataGenerationTime m2m:timestamp
attribute hFATd highFlowAlarmThreshold xs:float mandatory
attribute hiFDn highFlowDuration xs:integer
attribute hiFAm highFlowAlarm xs:boolean mandatory
attribute lFATd lowFlowAlarmThreshold xs:float
attribute loFDn lowFlowDuration xs:integer
attribute loFAm lowFlowAlarm xs:boolean
attribute rFATd reverseFlowAlarmThreshold xs:float
attribute reFDn reverseFlowDuration xs:integer
attribute reFAm reverseFlowAlarm xs:boolean mandatory
attribute hPATd highPressureAlarmThreshold xs:float mandatory
attribute hiPAm highPressureAlarm xs:boolean mandatory
attribute lPATd lowPressureAlarmThreshold xs:float mandatory
attribute loPAm lowPressureAlarm xs:boolean mandatory
attribute hTATd highTemperatureAlarmThreshold xs:float mandatory
attribute hiTAm highTemperatureAlarm xs:boolean mandatory
attribute lTATd lowTemperatureAlarmThreshold xs:float mandatory
attribute loTAm lowTemperatureAlarm xs:boolean mandatory
attribute hTIAT highTemperatureInnerAlarmThreshold xs:float
attribute iHITA innerHighInternalTemperatureAlarm xs:boolean
attribute inEAm innerErrorAlarm xs:boolean
attribute iTSFt innerTemperatureSensorFault xs:boolean
attribute tamAm tamperAlarm xs:boolean
attribute wTSFt waterTemperatureSensorFault xs:boolean mandatory
attribute prSFt pressureSensorFault xs:boolean
attribute comAm communicationAlarm xs:boolean
attribute magIe magneticInterference xs:boolean
attribute stoFt storageFault xs:boolean
attribute urBPh urgencyButtonPush xs:boolean
attribute butFt buttonFault xs:boolean
attribute demAm demolitionAlarm xs:boolean
attribute impFt impulseFault xs:boolean
attribute viSFt vibrationSensorFault xs:boolean

flexContainer cod:wMRIo waterMeterReportInfo org.onem2m.common.moduleclass.waterMeterReportInfo
attribute dgt dataGenerationTime m2m:timestamp
attribute dUWTe dailyUseWaterTime xs:integer
attribute cumFw cumulativeFlow xs:float mandatory
attribute cuFDy cumulativeFlowDaily xs:float
attribute neCFw negativeCumulativeFlow xs:float
attribute peFRe peakFlowRate xs:float
attribute pFRTe peakFlowRateTime m2m:timestamp
attribute loFRe lowestFlowRate xs:float
attribute lFRTe lowestFlowRateTime m2m:timestamp
attribute pRFRe peakReverseFlowRate xs:float
attribute pRFRT peakReverseFlowRateTime m2m:timestamp
attribute lRFRe lowestReverseFlowRate xs:float
attribute lRFRT lowestReverseFlowRateTime m2m:timestamp
attribute intFw intervalFlow xs:anySimpleType[]
attribute reIFw reverseIntervalFlow xs:anySimpleType[]
attribute waITe waterIntervalTemperature xs:anySimpleType[]
attribute waIPe waterIntervalPressure xs:anySimpleType[]

flexContainer cod:waMSg waterMeterSetting org.onem2m.common.moduleclass.waterMeterSetting
attribute dgt dataGenerationTime m2m:timestamp
attribute floIl flowInterval xs:integer mandatory
attribute reFIl reverseFlowInterval xs:integer mandatory
attribute waTIl waterTemperatureInterval xs:integer
attribute waPIl waterPressureInterval xs:integer
attribute inSIl intensiveSampleInterval xs:integer
attribute inRIl intensiveReportInterval xs:integer
attribute iRSTe intensiveReportStartTime m2m:timestamp

flexContainer cod:waQMr waterQualityMonitor org.onem2m.common.moduleclass.waterQualityMonitor
attribute dgt dataGenerationTime m2m:timestamp
attribute algae algae xs:float
attribute anios anionics xs:float
attribute aroh aroh xs:float
attribute as as xs:float
attribute bioty biotoxicity xs:float
attribute bod bod xs:float
attribute cod cod xs:float
attribute condy conductivity xs:float
attribute cd cd xs:float
attribute chloa chlorophyll_a xs:float
attribute cn cn xs:float
attribute cr6 cr6 xs:float
attribute cu cu xs:float
attribute do do xs:float
attribute f f xs:float
attribute fe fe xs:float
attribute ftu ftu xs:float
attribute hg hg xs:float
attribute kmno4 kmno4 xs:float
attribute nh3n4 nh3nh4 xs:float
attribute no3n no3n xs:float
attribute oil oil xs:float
attribute pb pb xs:float
attribute ph ph xs:float
attribute sulfe sulfide xs:float
attribute tempe temperature xs:float
attribute tn tn xs:float
attribute tp tp xs:float
attribute zn zn xs:float

flexContainer cod:watSr waterSensor org.onem2m.common.moduleclass.waterSensor
attribute dgt dataGenerationTime m2m:timestamp
attribute alarm alarm xs:boolean mandatory

flexContainer cod:weigt weight org.onem2m.common.moduleclass.weight
attribute dgt dataGenerationTime m2m:timestamp
attribute weigt weight xs:float mandatory
attribute unit unit xs:nonNegativeInteger
