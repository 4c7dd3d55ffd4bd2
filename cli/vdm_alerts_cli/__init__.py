"""The command line interface of VDM Alerts. No part of it is deployed."""
