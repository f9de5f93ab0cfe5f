import { describe, expect, it } from '@jest/globals';
import { permissions } from '@vouchsafe/service-host';
import { losesPermissions, mayGrant, permissionsOf } from './permissions.js';
import { role } from './role.js';

describe('the permissions of the roles (P02)', () => {
  it('deny by default: no role in a customer organization runs the system (ASVS 8.2.1)', () => {
    const operators = ['staff-grants:write', 'staff-devices:write', 'operations:write'];
    for (const held of role.options) {
      for (const permission of operators) expect(permissionsOf(held)).not.toContain(permission);
      expect(permissions).toEqual(expect.arrayContaining([...permissionsOf(held)]));
    }
  });

  it('let an auditor read and export the log, and change nothing', () => {
    const changes = permissionsOf('auditor').filter((permission) => permission.endsWith(':write'));
    expect(changes).toEqual([]);
    expect(permissionsOf('auditor')).toEqual(expect.arrayContaining(['audit:read', 'audit:export']));
  });

  it('make an owner of nobody who is not asked by an owner', () => {
    expect(role.options.filter((held) => mayGrant(held, 'owner'))).toEqual(['owner']);
  });

  it('are lost on the way down and kept on the way up', () => {
    expect(losesPermissions('owner', 'admin')).toBe(true);
    expect(losesPermissions('member', 'admin')).toBe(false);
    // An auditor reads the log and no attachments, a member attachments and no log: each way, something is lost.
    expect(losesPermissions('member', 'auditor')).toBe(true);
    expect(losesPermissions('auditor', 'member')).toBe(true);
  });
});
