# Generic interworking (TS-0012) and AllJoyn (TS-0021): what TS-0004 annex J has. The tables have the attributes.
# The containerDefinitions are ours, as those documents were not at hand: write here what your IPEs use.

flexContainer m2m:ajsw svcObjWrapper org.onem2m.svcObjWrapper
child m2m:ajap

flexContainer m2m:ajfw svcFwWrapper org.onem2m.svcFwWrapper

flexContainer m2m:ajap allJoynApp org.onem2m.allJoynApp
child m2m:ajso

flexContainer m2m:ajso allJoynSvcObject org.onem2m.allJoynSvcObject
child m2m:ajif

flexContainer m2m:ajif allJoynInterface org.onem2m.allJoynInterface
child m2m:ajmd
child m2m:ajpr

flexContainer m2m:ajmd allJoynMethod org.onem2m.allJoynMethod
child m2m:ajmc

flexContainer m2m:ajmc allJoynMethodCall org.onem2m.allJoynMethodCall

flexContainer m2m:ajpr allJoynProperty org.onem2m.allJoynProperty

flexContainer m2m:gis genericInterworkingService org.onem2m.genericInterworkingService
child m2m:gis
child m2m:gio

flexContainer m2m:gio genericInterworkingOperationInstance org.onem2m.genericInterworkingOperationInstance
