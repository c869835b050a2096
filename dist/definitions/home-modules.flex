# Module classes of the home domain (TS-0023, Releases 2 and 3), the commonest ones.

flexContainer hd:binSh binarySwitch org.onem2m.home.moduleclass.binarySwitch
attribute powSe powerState xs:boolean mandatory

flexContainer hd:bat battery org.onem2m.home.moduleclass.battery
attribute lvl level xs:integer mandatory
attribute capay capacity xs:integer
attribute charg charging xs:boolean
attribute discg discharging xs:boolean
attribute lowBy lowBattery xs:boolean
attribute batTd batteryThreshold xs:integer

flexContainer hd:brigs brightness org.onem2m.home.moduleclass.brightness
attribute brigs brightness xs:integer mandatory

flexContainer hd:color colour org.onem2m.home.moduleclass.colour
attribute red red xs:integer mandatory
attribute green green xs:integer mandatory
attribute blue blue xs:integer mandatory

flexContainer hd:colSn colourSaturation org.onem2m.home.moduleclass.colourSaturation
attribute colSn colourSaturation xs:integer mandatory

flexContainer hd:conSr contactSensor org.onem2m.home.moduleclass.contactSensor
attribute alarm alarm xs:boolean mandatory

flexContainer hd:fauDn faultDetection org.onem2m.home.moduleclass.faultDetection
attribute sus status xs:boolean mandatory
attribute code code xs:integer
attribute descn description xs:string

flexContainer hd:lock lock org.onem2m.home.moduleclass.lock
attribute lock lock xs:boolean mandatory

flexContainer hd:motSr motionSensor org.onem2m.home.moduleclass.motionSensor
attribute alarm alarm xs:boolean mandatory
attribute silTe silentTime xs:integer
attribute sensy sensitivity xs:integer

flexContainer hd:relHy relativeHumidity org.onem2m.home.moduleclass.relativeHumidity
attribute relHy relativeHumidity xs:float mandatory
attribute desHy desiredHumidity xs:float

flexContainer hd:smoSr smokeSensor org.onem2m.home.moduleclass.smokeSensor
attribute alarm alarm xs:boolean mandatory
attribute detTe detectedTime m2m:timestamp

flexContainer hd:tempe temperature org.onem2m.home.moduleclass.temperature
attribute curT0 currentTemperature xs:float mandatory
attribute tarTe targetTemperature xs:float
attribute unit unit xs:string
attribute minVe minValue xs:float
attribute maxVe maxValue xs:float
attribute steVe stepValue xs:float

flexContainer hd:watSr waterSensor org.onem2m.home.moduleclass.waterSensor
attribute alarm alarm xs:boolean mandatory
