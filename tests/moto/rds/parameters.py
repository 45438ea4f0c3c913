"""Parameter groups: "Working with parameter groups" of the User Guide."""

from moto.core.responses import ActionResult
from moto.rds.exceptions import DBParameterGroupNotFoundError, InvalidParameterCombination, InvalidParameterValue
from moto.rds.models import DBInstance, RDSBackend
from moto.rds.responses import RDSResponse

from .catalogue import STATIC, SWITCHES, VERSIONS, WITH_UNIT
from .changes import replace

AT_ONCE = 20


def install():
    replace(RDSBackend, modify_db_parameter_group=modify_db_parameter_group)
    replace(
        RDSResponse,
        describe_db_parameters=describe_db_parameters,
        reset_db_parameter_group=reset_db_parameter_group,
        describe_db_engine_versions=describe_db_engine_versions,
    )
    DBInstance.db_parameter_groups = property(parameter_groups)
    DBInstance.db_parameter_group_status_list = property(parameter_groups)


def parameter_groups(self):
    """DBParameterGroupStatus, ParameterApplyStatus: `pending-reboot` until the instance is started again."""
    waits = getattr(self, "parameters_wait", False)
    name = self.db_parameter_group_name or self.default_db_parameter_group_details()[1]
    return [{"DBParameterGroupName": name, "ParameterApplyStatus": "pending-reboot" if waits else "in-sync"}]


def parameters_wait(backend, group):
    for database in backend.databases.values():
        if database.db_parameter_group_name == group:
            database.parameters_wait = True


def checked(parameters):
    if len(parameters) > AT_ONCE:
        raise InvalidParameterValue(f"A maximum of {AT_ONCE} parameters can be modified in a single request.")
    for parameter in parameters:
        name, method = parameter["ParameterName"], parameter.get("ApplyMethod")
        if name in STATIC and method == "immediate":
            raise InvalidParameterCombination("cannot use immediate apply method for static parameter")
        value = parameter.get("ParameterValue")
        if value is not None and (WITH_UNIT.fullmatch(value) or (name in SWITCHES and value not in ("0", "1"))):
            raise InvalidParameterValue(f"Invalid parameter value: {value} for: {name}")


def modify_db_parameter_group(original):
    """ModifyDBParameterGroup: at most 20 parameters; static ones with `pending-reboot` alone."""

    def changed(self, db_parameter_group_name, db_parameter_group_parameters):
        parameters = list(db_parameter_group_parameters)
        checked(parameters)
        group = original(self, db_parameter_group_name, parameters)
        if any(parameter["ParameterName"] in STATIC for parameter in parameters):
            parameters_wait(self, db_parameter_group_name)
        return group

    return changed


def describe_db_parameters(original):
    """DescribeDBParameters, Source: what was set is `user`. Of the rest, which moto does not know, static ones are told."""

    def changed(self):
        if self.params.get("Source") not in (None, "user"):
            return ActionResult({"Parameters": []})
        result = original(self)
        parameters = [
            {
                **parameter,
                "Source": "user",
                "ApplyType": "static" if parameter["ParameterName"] in STATIC else "dynamic",
            }
            for parameter in result.result["Parameters"]
        ]
        if self.params.get("Source") is None:
            set_here = {parameter["ParameterName"] for parameter in parameters}
            parameters += [
                {"ParameterName": name, "Source": "engine-default", "ApplyType": "static"}
                for name in sorted(STATIC - set_here)
            ]
        return ActionResult({"Parameters": parameters})

    return changed


def reset_db_parameter_group(_original):
    """ResetDBParameterGroup, which moto lacks."""

    def added(self):
        name = self.params.get("DBParameterGroupName")
        group = self.backend.db_parameter_groups.get(name)
        if group is None:
            raise DBParameterGroupNotFoundError(name)
        parameters = [parameter.original_dict() for parameter in self.params.get("Parameters", [])]
        checked(parameters)
        names = [parameter["ParameterName"] for parameter in parameters]
        if self.params.get("ResetAllParameters", True) and not names:
            names = list(group.parameters)
        for parameter in names:
            group.parameters.pop(parameter, None)
        if STATIC & set(names):
            parameters_wait(self.backend, name)
        return ActionResult({"DBParameterGroupName": name})

    return added


def describe_db_engine_versions(_original):
    """DescribeDBEngineVersions, which moto lacks: PostgreSQL alone."""

    def added(self):
        asked = self.params.get("EngineVersion")
        defaults_alone = self.params.get("DefaultOnly") in (True, "true")
        found = [
            {"Engine": "postgres", "EngineVersion": version, "DBParameterGroupFamily": f"postgres{major}"}
            for major, versions in VERSIONS.items()
            for version in (versions[-1:] if defaults_alone else versions)
            if asked in (None, major, version)
        ]
        if self.params.get("Engine") not in (None, "postgres"):
            found = []
        return ActionResult({"DBEngineVersions": found})

    return added
